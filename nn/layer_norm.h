// Layer normalisation: each example shifted and scaled to mean 0 and variance 1, then by what is learned.
//
// Where batch normalisation takes its statistics from all examples, this takes them from one: training and evaluation
// are alike, and a batch may be as small as it likes (Ba et al., "Layer Normalization", 2016).
#pragma once

#include <cairn/nn/module.h>

namespace cairn::nn {

struct LayerNormOptions {
  double eps = 1e-5;               ///< Added to the variance, against division by 0.
  bool elementwise_affine = true;  ///< Whether weight and bias are learned.
  bool bias = true;
  Device device = {};
  DType dtype = DType::float32;
};

/// x [..., normalized_shape...] -> the same shape.
class LayerNorm : public Module {
 public:
  explicit LayerNorm(const Shape& normalized_shape, const LayerNormOptions& options = {});
  explicit LayerNorm(std::int64_t length, const LayerNormOptions& options = {}) : LayerNorm(Shape{length}, options) {}

  Tensor forward(const Tensor& x) override;
  void reset_parameters();
  std::string extra_repr() const override;

  Value options() const override;
  static std::shared_ptr<LayerNorm> from_options(const Value& options);

  Shape normalized_shape;
  double eps;
  bool elementwise_affine;
  Parameter weight, bias;  ///< [normalized_shape...], or undefined
};

}  // namespace cairn::nn
