// Pooling of images: each window becomes one number. x [n, channels, height, width], or without n.
#pragma once

#include <cairn/core/ops.h>
#include <cairn/nn/module.h>

namespace cairn::nn {

/// The largest number of each window (max_pool2d, core/ops.h).
class MaxPool2d : public Module {
 public:
  explicit MaxPool2d(const Size2d& kernel_size, const MaxPoolingOptions& options = {});
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

  Size2d kernel_size;
  MaxPoolingOptions options;
};

/// The mean of each window (avg_pool2d, core/ops.h).
class AvgPool2d : public Module {
 public:
  explicit AvgPool2d(const Size2d& kernel_size, const AveragePoolingOptions& options = {});
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

  Size2d kernel_size;
  AveragePoolingOptions options;
};

/// The means of as many windows as are asked for, whatever the image's size (adaptive_avg_pool2d, core/ops.h).
class AdaptiveAvgPool2d : public Module {
 public:
  explicit AdaptiveAvgPool2d(const Size2d& output_size);
  Tensor forward(const Tensor& x) override;
  std::string extra_repr() const override;

  Size2d output_size;
};

}  // namespace cairn::nn
