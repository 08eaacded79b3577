#include <cairn/nn/bce_loss.h>
#include <cairn/nn/child.h>
#include <cairn/nn/option_values.h>

namespace cairn::nn {

BCELoss::BCELoss(const BCELossOptions& options)
    : reduction(options.reduction), weight(this, "weight", options.weight) {}

Tensor BCELoss::forward(const Tensor& input, const Tensor& target) {
  return binary_cross_entropy(input, target, {.weight = weight, .reduction = reduction});
}

Value BCELoss::options() const { return {{"weight", to_value(weight)}, {"reduction", to_value(reduction)}}; }
std::shared_ptr<BCELoss> BCELoss::from_options(const Value& options) {
  return make<BCELoss>(BCELossOptions{tensor_of(options["weight"]), reduction_of(options["reduction"])});
}

}  // namespace cairn::nn
