#include <cairn/nn/batch_norm.h>

#include <cairn/core/autograd.h>
#include <cairn/core/ops.h>
#include <cairn/core/print.h>
#include <cairn/nn/child.h>
#include <cairn/nn/init.h>

namespace cairn::nn {
namespace {

Tensor given_if(bool wanted, std::int64_t size, const BatchNormOptions& options) {
  return wanted ? empty({size}, {.dtype = options.dtype, .device = options.device}) : Tensor();
}

}  // namespace

BatchNorm::BatchNorm(std::int64_t num_features, const BatchNormOptions& options)
    : num_features(num_features),
      eps(options.eps),
      momentum(options.momentum),
      affine(options.affine),
      track_running_stats(options.track_running_stats),
      weight(this, "weight", given_if(options.affine, num_features, options)),
      bias(this, "bias", given_if(options.affine && options.bias, num_features, options)),
      running_mean(this, "running_mean", given_if(options.track_running_stats, num_features, options)),
      running_var(this, "running_var", given_if(options.track_running_stats, num_features, options)),
      num_batches_tracked(
          this, "num_batches_tracked",
          options.track_running_stats ? zeros({}, {.dtype = DType::int64, .device = options.device}) : Tensor()) {
  reset_parameters();
}

void BatchNorm::reset_running_stats() {
  if (!track_running_stats) return;
  init::zeros_(running_mean);
  init::ones_(running_var);
  init::zeros_(num_batches_tracked);
}

void BatchNorm::reset_parameters() {
  reset_running_stats();
  if (weight.defined()) init::ones_(weight);
  if (bias.defined()) init::zeros_(bias);
}

Tensor BatchNorm::forward(const Tensor& x) {
  check_input(x);
  const bool has_running = running_mean.defined() && running_var.defined();
  const bool tracks = training && track_running_stats && num_batches_tracked.defined();
  double factor = momentum.value_or(0);
  if (tracks && !momentum) factor = 1.0 / static_cast<double>(num_batches_tracked.item_int64() + 1);
  const bool use_running = has_running && (!training || track_running_stats);
  Tensor y = batch_norm(x, use_running ? running_mean : Tensor(), use_running ? running_var : Tensor(), weight, bias,
                        training || !has_running, factor, eps);
  if (tracks) num_batches_tracked.add_(1);
  return y;
}

std::string BatchNorm::extra_repr() const {
  return text(num_features, ", eps=", python_float(eps), ", momentum=", momentum ? python_float(*momentum) : "None",
              ", affine=", Value(affine), ", bias=", Value(bias.defined()),
              ", track_running_stats=", Value(track_running_stats));
}

Value BatchNorm::options() const {
  return {{"num_features", num_features},
          {"eps", eps},
          {"momentum", momentum ? Value(*momentum) : Value()},
          {"affine", affine},
          {"track_running_stats", track_running_stats},
          {"bias", bias.defined()}};
}

BatchNormOptions batch_norm_options(const Value& options) {
  const Value& momentum = options["momentum"];
  return {.eps = options["eps"].as_float(),
          .momentum = momentum.is_none() ? std::nullopt : std::optional(momentum.as_float()),
          .affine = options["affine"].as_bool(),
          .track_running_stats = options["track_running_stats"].as_bool(),
          .bias = options["bias"].as_bool()};
}

std::shared_ptr<BatchNorm1d> BatchNorm1d::from_options(const Value& options) {
  return make<BatchNorm1d>(options["num_features"].as_int(), batch_norm_options(options));
}
std::shared_ptr<BatchNorm2d> BatchNorm2d::from_options(const Value& options) {
  return make<BatchNorm2d>(options["num_features"].as_int(), batch_norm_options(options));
}

std::optional<Tensor> BatchNorm::default_for_missing(std::string_view name, std::optional<std::int64_t> version) const {
  if (name != "num_batches_tracked" || (version && *version >= 2)) return std::nullopt;
  if (num_batches_tracked.device().is_meta()) return zeros({}, {.dtype = DType::int64});
  return num_batches_tracked;
}

BatchNorm1d::BatchNorm1d(std::int64_t num_features, const BatchNormOptions& options)
    : BatchNorm(num_features, options) {
  detail::remember_type(this);
}

void BatchNorm1d::check_input(const Tensor& x) const {
  check<ShapeError>(x.dim() == 2 || x.dim() == 3, "expected 2D or 3D input (got ", x.dim(), "D input)");
}

BatchNorm2d::BatchNorm2d(std::int64_t num_features, const BatchNormOptions& options)
    : BatchNorm(num_features, options) {
  detail::remember_type(this);
}

void BatchNorm2d::check_input(const Tensor& x) const {
  check<ShapeError>(x.dim() == 4, "expected 4D input (got ", x.dim(), "D input)");
}

}  // namespace cairn::nn
