// The logistic function as a module: 1 / (1 + e⁻ˣ).
#pragma once

#include <cairn/nn/module.h>

namespace cairn::nn {

/// x of any shape -> the same shape.
class Sigmoid : public Module {
 public:
  Sigmoid();
  Tensor forward(const Tensor& x) override;
};

}  // namespace cairn::nn
