// How far numbers are from those wanted: the mean of the differences, all taken as positive.
#pragma once

#include <cairn/core/ops.h>
#include <cairn/nn/call.h>

namespace cairn::nn {

struct L1LossOptions {
  Reduction reduction = Reduction::mean;
};

/// input and target of one shape -> a scalar, or that shape without reduction.
class L1Loss : public Module {
 public:
  explicit L1Loss(const L1LossOptions& options = {});

  using Module::forward;
  Tensor forward(const Tensor& input, const Tensor& target);
  Tensor operator()(const Tensor& input, const Tensor& target) { return call(*this, input, target); }

  Value options() const override;
  static std::shared_ptr<L1Loss> from_options(const Value& options);

  Reduction reduction;
};

}  // namespace cairn::nn
