#include <cairn/nn/leaky_relu.h>

#include <cairn/core/ops.h>
#include <cairn/core/python_text.h>
#include <cairn/nn/child.h>

namespace cairn::nn {

LeakyReLU::LeakyReLU(const LeakyReLUOptions& options)
    : negative_slope(options.negative_slope), inplace(options.inplace) {
  detail::remember_type(this);
}

Tensor LeakyReLU::forward(const Tensor& x) {
  return inplace ? x.leaky_relu_(negative_slope) : leaky_relu(x, negative_slope);
}

std::string LeakyReLU::extra_repr() const {
  return "negative_slope=" + python_float(negative_slope) + (inplace ? ", inplace=True" : "");
}

Value LeakyReLU::options() const { return {{"negative_slope", negative_slope}, {"inplace", inplace}}; }
std::shared_ptr<LeakyReLU> LeakyReLU::from_options(const Value& options) {
  return make<LeakyReLU>(LeakyReLUOptions{options["negative_slope"].as_float(), options["inplace"].as_bool()});
}

}  // namespace cairn::nn
