#include <cairn/nn/sigmoid.h>

#include <cairn/core/ops.h>

namespace cairn::nn {

Sigmoid::Sigmoid() { detail::remember_type(this); }

Tensor Sigmoid::forward(const Tensor& x) { return sigmoid(x); }

}  // namespace cairn::nn
