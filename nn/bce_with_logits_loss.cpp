#include <cairn/nn/bce_with_logits_loss.h>
#include <cairn/nn/child.h>
#include <cairn/nn/option_values.h>

namespace cairn::nn {

BCEWithLogitsLoss::BCEWithLogitsLoss(const BCEWithLogitsLossOptions& options)
    : reduction(options.reduction),
      weight(this, "weight", options.weight),
      pos_weight(this, "pos_weight", options.pos_weight) {}

Tensor BCEWithLogitsLoss::forward(const Tensor& input, const Tensor& target) {
  return binary_cross_entropy_with_logits(input, target,
                                          {.weight = weight, .reduction = reduction, .pos_weight = pos_weight});
}

Value BCEWithLogitsLoss::options() const {
  return {{"weight", to_value(weight)}, {"reduction", to_value(reduction)}, {"pos_weight", to_value(pos_weight)}};
}
std::shared_ptr<BCEWithLogitsLoss> BCEWithLogitsLoss::from_options(const Value& options) {
  return make<BCEWithLogitsLoss>(BCEWithLogitsLossOptions{
      tensor_of(options["weight"]), reduction_of(options["reduction"]), tensor_of(options["pos_weight"])});
}

}  // namespace cairn::nn
