// A rectifier that lets a little through: x, or of a negative x a small part.
#pragma once

#include <cairn/nn/module.h>

namespace cairn::nn {

struct LeakyReLUOptions {
  double negative_slope = 0.01;
  bool inplace = false;  ///< Write the result into the input, and return that.
};

/// x of any shape -> the same shape.
class LeakyReLU : public Module {
 public:
  explicit LeakyReLU(const LeakyReLUOptions& options = {});
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

  Value options() const override;
  static std::shared_ptr<LeakyReLU> from_options(const Value& options);

  double negative_slope;
  bool inplace;
};

}  // namespace cairn::nn
