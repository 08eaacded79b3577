// The linear layer: y = x weightᵀ + bias.
#pragma once

#include <cstdint>

#include <cairn/core/random.h>
#include <cairn/nn/module.h>

namespace cairn::nn {

struct LinearOptions {
  bool bias = true;
  Device device = {};
  DType dtype = DType::float32;
  OptionalGenerator generator = {};  ///< Of the initial numbers: weight first, then bias.
};

/// x [..., in_features] -> [..., out_features]. Begins uniform in ±1/√in_features, as PyTorch's.
class Linear : public Module {
 public:
  /// Throws ValueError for negative sizes.
  Linear(std::int64_t in_features, std::int64_t out_features, const LinearOptions& options = {});

  Tensor forward(const Tensor& x) override;
  void reset_parameters(const OptionalGenerator& generator = {});  ///< The initial numbers, anew.
  std::string extra_repr() const override;
  Value options() const override;
  static std::shared_ptr<Linear> from_options(const Value& options);

  std::int64_t in_features, out_features;
  Parameter weight;  ///< [out_features, in_features]
  Parameter bias;    ///< [out_features], or undefined
};

}  // namespace cairn::nn
