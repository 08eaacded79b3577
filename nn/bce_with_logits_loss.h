// Binary cross-entropy of numbers that a sigmoid is still to make probabilities of: one step, which cannot overflow.
#pragma once

#include <cairn/core/ops.h>
#include <cairn/nn/call.h>

namespace cairn::nn {

using BCEWithLogitsLossOptions =
    BinaryCrossEntropyWithLogitsOptions;  ///< weight, reduction, pos_weight: see core/ops.h.

/// input of any numbers and target from 0 to 1, of one shape -> a scalar, or that shape without reduction.
class BCEWithLogitsLoss : public Module {
 public:
  explicit BCEWithLogitsLoss(const BCEWithLogitsLossOptions& options = {});

  using Module::forward;
  Tensor forward(const Tensor& input, const Tensor& target);
  Tensor operator()(const Tensor& input, const Tensor& target) { return call(*this, input, target); }

  Value options() const override;
  static std::shared_ptr<BCEWithLogitsLoss> from_options(const Value& options);

  Reduction reduction;
  Buffer weight, pos_weight;  ///< Broadcast to the input, or undefined.
};

}  // namespace cairn::nn
