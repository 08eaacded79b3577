// Negative log-likelihood: cross-entropy for a classifier that ends in LogSoftmax.
#pragma once

#include <cairn/core/ops.h>
#include <cairn/nn/call.h>

namespace cairn::nn {

using NLLLossOptions = NllOptions;  ///< weight, ignore_index, reduction: see core/ops.h.

/// input [n, classes, ...] or [classes], logarithms of probabilities; target int64 [n, ...] or a scalar -> a scalar, or
/// the shape of target without reduction.
class NLLLoss : public Module {
 public:
  explicit NLLLoss(const NLLLossOptions& options = {});

  using Module::forward;
  Tensor forward(const Tensor& input, const Tensor& target);
  Tensor operator()(const Tensor& input, const Tensor& target) { return call(*this, input, target); }

  Value options() const override;
  static std::shared_ptr<NLLLoss> from_options(const Value& options);
  std::int64_t ignore_index;
  Reduction reduction;
  Buffer weight;  ///< [classes], or undefined
};

}  // namespace cairn::nn
