#include <cairn/nn/layer_norm.h>

#include <cairn/core/ops.h>
#include <cairn/core/python_text.h>
#include <cairn/nn/child.h>
#include <cairn/nn/init.h>
#include <cairn/nn/option_values.h>

namespace cairn::nn {
namespace {

Tensor given_if(bool wanted, const Shape& shape, const LayerNormOptions& options) {
  return wanted ? empty(shape, {.dtype = options.dtype, .device = options.device}) : Tensor();
}

}  // namespace

LayerNorm::LayerNorm(const Shape& normalized_shape, const LayerNormOptions& options)
    : normalized_shape(normalized_shape),
      eps(options.eps),
      elementwise_affine(options.elementwise_affine),
      weight(this, "weight", given_if(options.elementwise_affine, normalized_shape, options)),
      bias(this, "bias", given_if(options.elementwise_affine && options.bias, normalized_shape, options)) {
  reset_parameters();
}

void LayerNorm::reset_parameters() {
  if (weight.defined()) init::ones_(weight);
  if (bias.defined()) init::zeros_(bias);
}

Tensor LayerNorm::forward(const Tensor& x) { return layer_norm(x, normalized_shape, weight, bias, eps); }

std::string LayerNorm::extra_repr() const {
  std::string shape;
  for (const std::int64_t extent : normalized_shape) shape += text(shape.empty() ? "" : ", ", extent);
  if (normalized_shape.rank() == 1) shape += ',';
  return text('(', shape, "), eps=", python_float(eps), ", elementwise_affine=", Value(elementwise_affine),
              ", bias=", Value(bias.defined()));
}

Value LayerNorm::options() const {
  return {{"normalized_shape", to_value(normalized_shape)},
          {"eps", eps},
          {"elementwise_affine", elementwise_affine},
          {"bias", bias.defined()}};
}
std::shared_ptr<LayerNorm> LayerNorm::from_options(const Value& options) {
  return make<LayerNorm>(shape_of(options["normalized_shape"]),
                         LayerNormOptions{.eps = options["eps"].as_float(),
                                          .elementwise_affine = options["elementwise_affine"].as_bool(),
                                          .bias = options["bias"].as_bool()});
}

}  // namespace cairn::nn
