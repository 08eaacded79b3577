#include <cairn/nn/nll_loss.h>

namespace cairn::nn {

NLLLoss::NLLLoss(const NLLLossOptions& options)
    : ignore_index(options.ignore_index), reduction(options.reduction), weight(this, "weight", options.weight) {}

Tensor NLLLoss::forward(const Tensor& input, const Tensor& target) {
  return nll_loss(input, target, {.weight = weight, .ignore_index = ignore_index, .reduction = reduction});
}

}  // namespace cairn::nn
