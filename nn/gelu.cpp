#include <cairn/nn/child.h>
#include <cairn/nn/gelu.h>

namespace cairn::nn {

GELU::GELU(const GELUOptions& options) : approximate(options.approximate) { detail::remember_type(this); }

Tensor GELU::forward(const Tensor& x) { return gelu(x, approximate); }

std::string GELU::extra_repr() const {
  return approximate == GeluApproximate::tanh ? "approximate='tanh'" : "approximate='none'";
}

Value GELU::options() const { return {{"approximate", approximate == GeluApproximate::tanh ? "tanh" : "none"}}; }
std::shared_ptr<GELU> GELU::from_options(const Value& options) {
  return make<GELU>(
      GELUOptions{options["approximate"].as_text() == "tanh" ? GeluApproximate::tanh : GeluApproximate::none});
}

}  // namespace cairn::nn
