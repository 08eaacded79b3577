#include <cairn/nn/pooling.h>

namespace cairn::nn {
namespace {

/// As Python prints what was given: a number, or a pair of them.
std::string shown(const Size2d& size) {
  return size.is_one ? text(size.height) : text('(', size.height, ", ", size.width, ')');
}

std::string window(const Size2d& kernel, const std::optional<Size2d>& stride, const Size2d& padding) {
  return text("kernel_size=", shown(kernel), ", stride=", shown(stride.value_or(kernel)), ", padding=", shown(padding));
}

}  // namespace

MaxPool2d::MaxPool2d(const Size2d& kernel_size, const MaxPoolingOptions& options)
    : kernel_size(kernel_size), options(options) {
  detail::remember_type(this);
}
Tensor MaxPool2d::forward(const Tensor& x) { return max_pool2d(x, kernel_size, options); }
std::string MaxPool2d::extra_repr() const {
  return text(window(kernel_size, options.stride, options.padding), ", dilation=", shown(options.dilation),
              ", ceil_mode=", options.ceil_mode ? "True" : "False");
}

AvgPool2d::AvgPool2d(const Size2d& kernel_size, const AveragePoolingOptions& options)
    : kernel_size(kernel_size), options(options) {
  detail::remember_type(this);
}
Tensor AvgPool2d::forward(const Tensor& x) { return avg_pool2d(x, kernel_size, options); }
std::string AvgPool2d::extra_repr() const { return window(kernel_size, options.stride, options.padding); }

AdaptiveAvgPool2d::AdaptiveAvgPool2d(const Size2d& output_size) : output_size(output_size) {
  detail::remember_type(this);
}
Tensor AdaptiveAvgPool2d::forward(const Tensor& x) { return adaptive_avg_pool2d(x, output_size); }
std::string AdaptiveAvgPool2d::extra_repr() const { return "output_size=" + shown(output_size); }

}  // namespace cairn::nn
