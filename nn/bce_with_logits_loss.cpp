#include <cairn/nn/bce_with_logits_loss.h>

namespace cairn::nn {

BCEWithLogitsLoss::BCEWithLogitsLoss(const BCEWithLogitsLossOptions& options)
    : reduction(options.reduction),
      weight(this, "weight", options.weight),
      pos_weight(this, "pos_weight", options.pos_weight) {}

Tensor BCEWithLogitsLoss::forward(const Tensor& input, const Tensor& target) {
  return binary_cross_entropy_with_logits(input, target,
                                          {.weight = weight, .reduction = reduction, .pos_weight = pos_weight});
}

}  // namespace cairn::nn
