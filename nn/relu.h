// The rectifier as a module: max(x, 0).
#pragma once

#include <cairn/nn/module.h>

namespace cairn::nn {

struct ReLUOptions {
  bool inplace = false;  ///< Write the result into the input, and return that.
};

/// x of any shape -> the same shape.
class ReLU : public Module {
 public:
  explicit ReLU(const ReLUOptions& options = {});
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  Value options() const override;
  static std::shared_ptr<ReLU> from_options(const Value& options);

  bool inplace;
};

}  // namespace cairn::nn
