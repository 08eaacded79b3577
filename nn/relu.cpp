#include <cairn/nn/relu.h>

#include <cairn/core/ops.h>

namespace cairn::nn {

ReLU::ReLU(const ReLUOptions& options) : inplace(options.inplace) { detail::remember_type(this); }

Tensor ReLU::forward(const Tensor& x) { return relu(x); }

std::string ReLU::extra_repr() const { return inplace ? "inplace=True" : ""; }

}  // namespace cairn::nn
