// The hyperbolic tangent as a module.
#pragma once

#include <cairn/nn/module.h>

namespace cairn::nn {

/// x of any shape -> the same shape.
class Tanh : public Module {
 public:
  Tanh();
  Tensor forward(const Tensor& x) override;
};

}  // namespace cairn::nn
