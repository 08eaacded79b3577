#include <cairn/nn/child.h>
#include <cairn/nn/nll_loss.h>
#include <cairn/nn/option_values.h>

namespace cairn::nn {

NLLLoss::NLLLoss(const NLLLossOptions& options)
    : ignore_index(options.ignore_index), reduction(options.reduction), weight(this, "weight", options.weight) {}

Tensor NLLLoss::forward(const Tensor& input, const Tensor& target) {
  return nll_loss(input, target, {.weight = weight, .ignore_index = ignore_index, .reduction = reduction});
}

Value NLLLoss::options() const {
  return {{"weight", to_value(weight)}, {"ignore_index", ignore_index}, {"reduction", to_value(reduction)}};
}
std::shared_ptr<NLLLoss> NLLLoss::from_options(const Value& options) {
  return make<NLLLoss>(NLLLossOptions{tensor_of(options["weight"]), options["ignore_index"].as_int(),
                                      reduction_of(options["reduction"])});
}

}  // namespace cairn::nn
