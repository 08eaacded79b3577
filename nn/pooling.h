// Pooling of images: each window becomes one number. x [n, channels, height, width], or without n.
#pragma once

#include <cstdint>
#include <optional>

#include <cairn/core/ops.h>
#include <cairn/nn/module.h>

namespace cairn::nn {

using MaxPool2dOptions = MaxPoolingOptions;  ///< stride, padding, dilation, ceil_mode: see core/ops.h.

/// The largest number of each window (max_pool2d, core/ops.h).
class MaxPool2d : public Module {
 public:
  explicit MaxPool2d(const Size2d& kernel_size, const MaxPool2dOptions& options = {});
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  Value options() const override;
  static std::shared_ptr<MaxPool2d> from_options(const Value& options);

  Size2d kernel_size, stride, padding, dilation;
  bool ceil_mode;
};

/// stride, padding, ceil_mode, count_include_pad, divisor_override: see core/ops.h.
using AvgPool2dOptions = AveragePoolingOptions;

/// The mean of each window (avg_pool2d, core/ops.h).
class AvgPool2d : public Module {
 public:
  explicit AvgPool2d(const Size2d& kernel_size, const AvgPool2dOptions& options = {});
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  Value options() const override;
  static std::shared_ptr<AvgPool2d> from_options(const Value& options);

  Size2d kernel_size, stride, padding;
  bool ceil_mode, count_include_pad;
  std::optional<std::int64_t> divisor_override;
};

/// The means of as many windows as are asked for, whatever the image's size (adaptive_avg_pool2d, core/ops.h).
class AdaptiveAvgPool2d : public Module {
 public:
  explicit AdaptiveAvgPool2d(const Size2d& output_size);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;
  Value options() const override;
  static std::shared_ptr<AdaptiveAvgPool2d> from_options(const Value& options);

  Size2d output_size;
};

}  // namespace cairn::nn
