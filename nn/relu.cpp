#include <cairn/nn/relu.h>

#include <cairn/core/ops.h>
#include <cairn/nn/child.h>

namespace cairn::nn {

ReLU::ReLU(const ReLUOptions& options) : inplace(options.inplace) { detail::remember_type(this); }

Tensor ReLU::forward(const Tensor& x) { return inplace ? x.relu_() : relu(x); }

std::string ReLU::extra_repr() const { return inplace ? "inplace=True" : ""; }

Value ReLU::options() const { return {{"inplace", inplace}}; }
std::shared_ptr<ReLU> ReLU::from_options(const Value& options) {
  return make<ReLU>(ReLUOptions{.inplace = options["inplace"].as_bool()});
}

}  // namespace cairn::nn
