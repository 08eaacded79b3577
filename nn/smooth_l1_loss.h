// Between the squared and the plain difference: the square where it is small, so that outliers count less.
#pragma once

#include <cairn/core/ops.h>
#include <cairn/nn/call.h>

namespace cairn::nn {

struct SmoothL1LossOptions {
  Reduction reduction = Reduction::mean;
  double beta = 1;  ///< The difference at which the square ends (Girshick, "Fast R-CNN", 2015).
};

/// input and target of one shape -> a scalar, or that shape without reduction.
class SmoothL1Loss : public Module {
 public:
  explicit SmoothL1Loss(const SmoothL1LossOptions& options = {});

  using Module::forward;
  Tensor forward(const Tensor& input, const Tensor& target);
  Tensor operator()(const Tensor& input, const Tensor& target) { return call(*this, input, target); }

  Value options() const override;
  static std::shared_ptr<SmoothL1Loss> from_options(const Value& options);

  Reduction reduction;
  double beta;
};

}  // namespace cairn::nn
