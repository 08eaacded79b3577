#include <cairn/nn/cross_entropy_loss.h>

namespace cairn::nn {

CrossEntropyLoss::CrossEntropyLoss(const CrossEntropyLossOptions& options)
    : ignore_index(options.ignore_index),
      reduction(options.reduction),
      label_smoothing(options.label_smoothing),
      weight(this, "weight", options.weight) {}

Tensor CrossEntropyLoss::forward(const Tensor& input, const Tensor& target) {
  return cross_entropy(
      input, target,
      {.weight = weight, .ignore_index = ignore_index, .reduction = reduction, .label_smoothing = label_smoothing});
}

}  // namespace cairn::nn
