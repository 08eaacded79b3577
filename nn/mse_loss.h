// How far numbers are from those wanted: the mean of the squared differences.
#pragma once

#include <cairn/core/ops.h>
#include <cairn/nn/call.h>

namespace cairn::nn {

struct MSELossOptions {
  Reduction reduction = Reduction::mean;
};

/// input and target of one shape -> a scalar, or that shape without reduction.
class MSELoss : public Module {
 public:
  explicit MSELoss(const MSELossOptions& options = {});

  using Module::forward;
  Tensor forward(const Tensor& input, const Tensor& target);
  Tensor operator()(const Tensor& input, const Tensor& target) { return call(*this, input, target); }

  Value options() const override;
  static std::shared_ptr<MSELoss> from_options(const Value& options);

  Reduction reduction;
};

}  // namespace cairn::nn
