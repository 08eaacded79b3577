// How wrong a classifier is: the mean of -log of the probability it gives the right class.
#pragma once

#include <cstdint>

#include <cairn/core/ops.h>
#include <cairn/nn/call.h>

namespace cairn::nn {

/// weight, ignore_index, reduction, label_smoothing: see core/ops.h.
using CrossEntropyLossOptions = CrossEntropyOptions;

/// input [classes], [n, classes] or [n, classes, ...], of any numbers, not yet probabilities; target int64, input's
/// shape without the classes -> a scalar, or the shape of target without reduction.
class CrossEntropyLoss : public Module {
 public:
  explicit CrossEntropyLoss(const CrossEntropyLossOptions& options = {});

  using Module::forward;
  Tensor forward(const Tensor& input, const Tensor& target);
  Tensor operator()(const Tensor& input, const Tensor& target) { return call(*this, input, target); }

  Value options() const override;
  static std::shared_ptr<CrossEntropyLoss> from_options(const Value& options);

  std::int64_t ignore_index;
  Reduction reduction;
  double label_smoothing;
  Buffer weight;  ///< [classes], or undefined
};

}  // namespace cairn::nn
