#include <cairn/nn/smooth_l1_loss.h>

namespace cairn::nn {

SmoothL1Loss::SmoothL1Loss(const SmoothL1LossOptions& options) : reduction(options.reduction), beta(options.beta) {
  detail::remember_type(this);
}

Tensor SmoothL1Loss::forward(const Tensor& input, const Tensor& target) {
  return smooth_l1_loss(input, target, reduction, beta);
}

}  // namespace cairn::nn
