// Convolution of images: weights that every place of an image shares.
#pragma once

#include <cstdint>
#include <string>

#include <cairn/core/ops.h>
#include <cairn/core/random.h>
#include <cairn/nn/module.h>

namespace cairn::nn {

struct Conv2dOptions {
  Size2d stride = 1;
  Padding2d padding = 0;  ///< Numbers, or "same", or "valid".
  Size2d dilation = 1;
  std::int64_t groups = 1;
  bool bias = true;
  std::string padding_mode = "zeros";  ///< No other is there.
  Device device = {};
  DType dtype = DType::float32;
  OptionalGenerator generator = {};  ///< Of the initial numbers: weight first, then bias.
};

/// x [n, in_channels, height, width], or without n -> [n, out_channels, ...] (conv2d, core/ops.h). Begins uniform in
/// ±1/√(in_channels / groups · kernel height · kernel width), as PyTorch's.
class Conv2d : public Module {
 public:
  /// Throws ValueError with PyTorch's text for groups that do not divide the channels and for paddings it does not
  /// know.
  Conv2d(std::int64_t in_channels, std::int64_t out_channels, const Size2d& kernel_size,
         const Conv2dOptions& options = {});

  Tensor forward(const Tensor& x) override;
  void reset_parameters(const OptionalGenerator& generator = {});  ///< The initial numbers, anew.
  std::string extra_repr() const override;
  Value options() const override;
  static std::shared_ptr<Conv2d> from_options(const Value& options);

  std::int64_t in_channels, out_channels;
  Size2d kernel_size, stride;
  Padding2d padding;
  Size2d dilation;
  std::int64_t groups;
  std::string padding_mode;
  Parameter weight;  ///< [out_channels, in_channels / groups, kernel height, kernel width]
  Parameter bias;    ///< [out_channels], or undefined
};

}  // namespace cairn::nn
