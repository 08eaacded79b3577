#include <cairn/nn/mse_loss.h>

namespace cairn::nn {

MSELoss::MSELoss(const MSELossOptions& options) : reduction(options.reduction) { detail::remember_type(this); }

Tensor MSELoss::forward(const Tensor& input, const Tensor& target) { return mse_loss(input, target, reduction); }

}  // namespace cairn::nn
