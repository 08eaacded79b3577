// x Φ(x) as a module: a rectifier with a round corner, Φ being the normal distribution's function.
#pragma once

#include <cairn/core/ops.h>
#include <cairn/nn/module.h>

namespace cairn::nn {

struct GELUOptions {
  GeluApproximate approximate = GeluApproximate::none;
};

/// x of any shape -> the same shape.
class GELU : public Module {
 public:
  explicit GELU(const GELUOptions& options = {});
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

  Value options() const override;
  static std::shared_ptr<GELU> from_options(const Value& options);

  GeluApproximate approximate;
};

}  // namespace cairn::nn
