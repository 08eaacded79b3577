#include <cairn/nn/cross_entropy_loss.h>

#include <cairn/nn/child.h>
#include <cairn/nn/option_values.h>

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

Value CrossEntropyLoss::options() const {
  return {{"weight", to_value(weight)},
          {"ignore_index", ignore_index},
          {"reduction", to_value(reduction)},
          {"label_smoothing", label_smoothing}};
}
std::shared_ptr<CrossEntropyLoss> CrossEntropyLoss::from_options(const Value& options) {
  return make<CrossEntropyLoss>(CrossEntropyLossOptions{.weight = tensor_of(options["weight"]),
                                                        .ignore_index = options["ignore_index"].as_int(),
                                                        .reduction = reduction_of(options["reduction"]),
                                                        .label_smoothing = options["label_smoothing"].as_float()});
}

}  // namespace cairn::nn
