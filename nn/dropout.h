// Dropout: in training, numbers left out at random, so that no unit relies on another; in evaluation nothing.
#pragma once

#include <cairn/core/random.h>
#include <cairn/nn/module.h>

namespace cairn::nn {

struct DropoutOptions {
  double p = 0.5;                    ///< The probability of being left out.
  bool inplace = false;              ///< Write the result into the input, and return that.
  OptionalGenerator generator = {};  ///< Of the choices; the process's unless given.
};

/// x of any shape -> the same shape; what stays is divided by 1 - p (Srivastava et al., "Dropout", 2014).
class Dropout : public Module {
 public:
  /// Throws ValueError unless p is in [0, 1].
  explicit Dropout(const DropoutOptions& options = {});
  explicit Dropout(double p) : Dropout(DropoutOptions{.p = p}) {}
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

  Value options() const override;
  static std::shared_ptr<Dropout> from_options(const Value& options);

  double p;
  bool inplace;
  OptionalGenerator generator;
};

}  // namespace cairn::nn
