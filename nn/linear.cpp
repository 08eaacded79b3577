#include <cairn/nn/linear.h>

#include <cmath>

#include <cairn/core/ops.h>
#include <cairn/core/print.h>
#include <cairn/nn/child.h>
#include <cairn/nn/init.h>

namespace cairn::nn {
namespace {

Shape checked(std::int64_t in_features, std::int64_t out_features) {
  check<ValueError>(in_features >= 0 && out_features >= 0, "Linear: in_features ", in_features, " and out_features ",
                    out_features, " must not be negative");
  return {out_features, in_features};
}

}  // namespace

Linear::Linear(std::int64_t in_features, std::int64_t out_features, const LinearOptions& options)
    : in_features(in_features),
      out_features(out_features),
      weight(this, "weight",
             empty(checked(in_features, out_features), {.dtype = options.dtype, .device = options.device})),
      bias(this, "bias",
           options.bias ? empty({out_features}, {.dtype = options.dtype, .device = options.device}) : Tensor()) {
  reset_parameters(options.generator);
}

void Linear::reset_parameters(const OptionalGenerator& generator) {
  init::kaiming_uniform_(weight, std::sqrt(5.0), init::FanMode::fan_in, init::Nonlinearity::leaky_relu, generator);
  if (!bias.defined()) return;
  const double bound = in_features > 0 ? 1 / std::sqrt(static_cast<double>(in_features)) : 0;
  init::uniform_(bias, -bound, bound, generator);
}

Tensor Linear::forward(const Tensor& x) { return linear(x, weight, bias); }

std::string Linear::extra_repr() const {
  return text("in_features=", in_features, ", out_features=", out_features, ", bias=", Value(bias.defined()));
}

Value Linear::options() const {
  return {{"in_features", in_features}, {"out_features", out_features}, {"bias", bias.defined()}};
}
std::shared_ptr<Linear> Linear::from_options(const Value& options) {
  return make<Linear>(options["in_features"].as_int(), options["out_features"].as_int(),
                      LinearOptions{.bias = options["bias"].as_bool()});
}

}  // namespace cairn::nn
