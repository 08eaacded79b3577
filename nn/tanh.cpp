#include <cairn/nn/tanh.h>

#include <cairn/core/ops.h>

namespace cairn::nn {

Tanh::Tanh() { detail::remember_type(this); }

Tensor Tanh::forward(const Tensor& x) { return tanh(x); }

}  // namespace cairn::nn
