#include <cairn/nn/leaky_relu.h>

#include <cairn/core/ops.h>
#include <cairn/core/python_text.h>

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

}  // namespace cairn::nn
