#include <cairn/nn/mse_loss.h>

#include <cairn/nn/child.h>
#include <cairn/nn/option_values.h>

namespace cairn::nn {

MSELoss::MSELoss(const MSELossOptions& options) : reduction(options.reduction) { detail::remember_type(this); }

Tensor MSELoss::forward(const Tensor& input, const Tensor& target) { return mse_loss(input, target, reduction); }

Value MSELoss::options() const { return {{"reduction", to_value(reduction)}}; }
std::shared_ptr<MSELoss> MSELoss::from_options(const Value& options) {
  return make<MSELoss>(MSELossOptions{.reduction = reduction_of(options["reduction"])});
}

}  // namespace cairn::nn
