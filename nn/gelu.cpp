#include <cairn/nn/gelu.h>

namespace cairn::nn {

GELU::GELU(const GELUOptions& options) : approximate(options.approximate) { detail::remember_type(this); }

Tensor GELU::forward(const Tensor& x) { return gelu(x, approximate); }

std::string GELU::extra_repr() const {
  return approximate == GeluApproximate::tanh ? "approximate='tanh'" : "approximate='none'";
}

}  // namespace cairn::nn
