#include <cairn/nn/child.h>
#include <cairn/nn/option_values.h>
#include <cairn/nn/pooling.h>

namespace cairn::nn {

MaxPool2d::MaxPool2d(const Size2d& kernel_size, const MaxPool2dOptions& options)
    : kernel_size(kernel_size),
      stride(options.stride.value_or(kernel_size)),
      padding(options.padding),
      dilation(options.dilation),
      ceil_mode(options.ceil_mode) {
  detail::remember_type(this);
}

Tensor MaxPool2d::forward(const Tensor& x) {
  return max_pool2d(x, kernel_size,
                    {.stride = stride, .padding = padding, .dilation = dilation, .ceil_mode = ceil_mode});
}

// A size prints as Python does it: a number, or a pair of them. So does its Value.
std::string MaxPool2d::extra_repr() const {
  return text("kernel_size=", to_value(kernel_size), ", stride=", to_value(stride), ", padding=", to_value(padding),
              ", dilation=", to_value(dilation), ", ceil_mode=", Value(ceil_mode));
}

Value MaxPool2d::options() const {
  return {{"kernel_size", to_value(kernel_size)},
          {"stride", to_value(stride)},
          {"padding", to_value(padding)},
          {"dilation", to_value(dilation)},
          {"ceil_mode", ceil_mode}};
}
std::shared_ptr<MaxPool2d> MaxPool2d::from_options(const Value& options) {
  return make<MaxPool2d>(size_of(options["kernel_size"]),
                         MaxPool2dOptions{.stride = size_of(options["stride"]),
                                          .padding = size_of(options["padding"]),
                                          .dilation = size_of(options["dilation"]),
                                          .ceil_mode = options["ceil_mode"].as_bool()});
}

AvgPool2d::AvgPool2d(const Size2d& kernel_size, const AvgPool2dOptions& options)
    : kernel_size(kernel_size),
      stride(options.stride.value_or(kernel_size)),
      padding(options.padding),
      ceil_mode(options.ceil_mode),
      count_include_pad(options.count_include_pad),
      divisor_override(options.divisor_override) {
  detail::remember_type(this);
}

Tensor AvgPool2d::forward(const Tensor& x) {
  return avg_pool2d(x, kernel_size,
                    {.stride = stride,
                     .padding = padding,
                     .ceil_mode = ceil_mode,
                     .count_include_pad = count_include_pad,
                     .divisor_override = divisor_override});
}

std::string AvgPool2d::extra_repr() const {
  return text("kernel_size=", to_value(kernel_size), ", stride=", to_value(stride), ", padding=", to_value(padding));
}

Value AvgPool2d::options() const {
  return {{"kernel_size", to_value(kernel_size)},
          {"stride", to_value(stride)},
          {"padding", to_value(padding)},
          {"ceil_mode", ceil_mode},
          {"count_include_pad", count_include_pad},
          {"divisor_override", divisor_override ? Value(*divisor_override) : Value()}};
}
std::shared_ptr<AvgPool2d> AvgPool2d::from_options(const Value& options) {
  const Value& divisor = options["divisor_override"];
  return make<AvgPool2d>(
      size_of(options["kernel_size"]),
      AvgPool2dOptions{.stride = size_of(options["stride"]),
                       .padding = size_of(options["padding"]),
                       .ceil_mode = options["ceil_mode"].as_bool(),
                       .count_include_pad = options["count_include_pad"].as_bool(),
                       .divisor_override = divisor.is_none() ? std::nullopt : std::optional(divisor.as_int())});
}

AdaptiveAvgPool2d::AdaptiveAvgPool2d(const Size2d& output_size) : output_size(output_size) {
  detail::remember_type(this);
}
Tensor AdaptiveAvgPool2d::forward(const Tensor& x) { return adaptive_avg_pool2d(x, output_size); }
std::string AdaptiveAvgPool2d::extra_repr() const { return text("output_size=", to_value(output_size)); }

Value AdaptiveAvgPool2d::options() const { return {{"output_size", to_value(output_size)}}; }
std::shared_ptr<AdaptiveAvgPool2d> AdaptiveAvgPool2d::from_options(const Value& options) {
  return make<AdaptiveAvgPool2d>(size_of(options["output_size"]));
}

}  // namespace cairn::nn
