#include <cairn/nn/child.h>
#include <cairn/nn/option_values.h>
#include <cairn/nn/smooth_l1_loss.h>

namespace cairn::nn {

SmoothL1Loss::SmoothL1Loss(const SmoothL1LossOptions& options) : reduction(options.reduction), beta(options.beta) {
  detail::remember_type(this);
}

Tensor SmoothL1Loss::forward(const Tensor& input, const Tensor& target) {
  return smooth_l1_loss(input, target, reduction, beta);
}

Value SmoothL1Loss::options() const { return {{"reduction", to_value(reduction)}, {"beta", beta}}; }
std::shared_ptr<SmoothL1Loss> SmoothL1Loss::from_options(const Value& options) {
  return make<SmoothL1Loss>(SmoothL1LossOptions{reduction_of(options["reduction"]), options["beta"].as_float()});
}

}  // namespace cairn::nn
