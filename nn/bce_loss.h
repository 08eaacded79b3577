// Binary cross-entropy: how wrong probabilities of yes-or-no answers are.
#pragma once

#include <cairn/core/ops.h>
#include <cairn/nn/call.h>

namespace cairn::nn {

using BCELossOptions = BinaryCrossEntropyOptions;  ///< weight, reduction: see core/ops.h.

/// input and target of one shape, numbers from 0 to 1 -> a scalar, or that shape without reduction.
class BCELoss : public Module {
 public:
  explicit BCELoss(const BCELossOptions& options = {});

  using Module::forward;
  Tensor forward(const Tensor& input, const Tensor& target);
  Tensor operator()(const Tensor& input, const Tensor& target) { return call(*this, input, target); }

  Value options() const override;
  static std::shared_ptr<BCELoss> from_options(const Value& options);

  Reduction reduction;
  Buffer weight;  ///< Broadcast to the input, or undefined.
};

}  // namespace cairn::nn
