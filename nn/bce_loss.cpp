#include <cairn/nn/bce_loss.h>

namespace cairn::nn {

BCELoss::BCELoss(const BCELossOptions& options)
    : reduction(options.reduction), weight(this, "weight", options.weight) {}

Tensor BCELoss::forward(const Tensor& input, const Tensor& target) {
  return binary_cross_entropy(input, target, {.weight = weight, .reduction = reduction});
}

}  // namespace cairn::nn
