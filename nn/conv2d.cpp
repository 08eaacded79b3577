#include <cairn/nn/conv2d.h>

#include <cmath>

#include <cairn/nn/child.h>
#include <cairn/nn/init.h>
#include <cairn/nn/option_values.h>

namespace cairn::nn {
namespace {

/// The weight's shape, once PyTorch's checks have passed, in its order.
Shape checked(std::int64_t in_channels, std::int64_t out_channels, const Size2d& kernel, const Conv2dOptions& options) {
  const std::int64_t groups = options.groups;
  const std::string& padding = options.padding.name;
  check<ValueError>(groups > 0, "groups must be a positive integer");
  check<ValueError>(in_channels % groups == 0, "in_channels must be divisible by groups");
  check<ValueError>(out_channels % groups == 0, "out_channels must be divisible by groups");
  check<ValueError>(padding.empty() || padding == "same" || padding == "valid", "Invalid padding string '", padding,
                    "', should be one of {'same', 'valid'}");
  check<ValueError>(padding != "same" || (options.stride.height == 1 && options.stride.width == 1),
                    "padding='same' is not supported for strided convolutions");
  check<ValueError>(options.padding_mode == "zeros", "Conv2d: padding_mode is '", options.padding_mode,
                    "', but only 'zeros' is supported; pad the input before the layer");
  check<ValueError>(in_channels >= 0 && out_channels >= 0 && kernel.height >= 0 && kernel.width >= 0,
                    "Conv2d: in_channels ", in_channels, ", out_channels ", out_channels, " and kernel_size (",
                    kernel.height, ", ", kernel.width, ") must not be negative");
  return {out_channels, in_channels / groups, kernel.height, kernel.width};
}

std::string pair(const Size2d& size) { return text('(', size.height, ", ", size.width, ')'); }

}  // namespace

Conv2d::Conv2d(std::int64_t in_channels, std::int64_t out_channels, const Size2d& kernel_size,
               const Conv2dOptions& options)
    : in_channels(in_channels),
      out_channels(out_channels),
      kernel_size(kernel_size),
      stride(options.stride),
      padding(options.padding),
      dilation(options.dilation),
      groups(options.groups),
      padding_mode(options.padding_mode),
      weight(this, "weight",
             empty(checked(in_channels, out_channels, kernel_size, options),
                   {.dtype = options.dtype, .device = options.device})),
      bias(this, "bias",
           options.bias ? empty({out_channels}, {.dtype = options.dtype, .device = options.device}) : Tensor()) {
  reset_parameters(options.generator);
}

void Conv2d::reset_parameters(const OptionalGenerator& generator) {
  init::kaiming_uniform_(weight, std::sqrt(5.0), init::FanMode::fan_in, init::Nonlinearity::leaky_relu, generator);
  if (!bias.defined()) return;
  const std::int64_t fan_in = init::fans(weight).first;
  if (fan_in == 0) return init::zeros_(bias), void();
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  init::uniform_(bias, -bound, bound, generator);
}

Tensor Conv2d::forward(const Tensor& x) {
  return conv2d(x, weight, bias, {.stride = stride, .padding = padding, .dilation = dilation, .groups = groups});
}

std::string Conv2d::extra_repr() const {
  const bool none = padding.name.empty() && padding.height == 0 && padding.width == 0;
  return text(in_channels, ", ", out_channels, ", kernel_size=", pair(kernel_size), ", stride=", pair(stride),
              none ? "" : ", padding=",
              none                   ? ""
              : padding.name.empty() ? pair(padding)
                                     : padding.name,
              dilation.height == 1 && dilation.width == 1 ? "" : ", dilation=" + pair(dilation),
              groups == 1 ? "" : text(", groups=", groups), bias.defined() ? "" : ", bias=False");
}

Value Conv2d::options() const {
  return {{"in_channels", in_channels}, {"out_channels", out_channels}, {"kernel_size", to_value(kernel_size)},
          {"stride", to_value(stride)}, {"padding", to_value(padding)}, {"dilation", to_value(dilation)},
          {"groups", groups},           {"bias", bias.defined()},       {"padding_mode", padding_mode}};
}
std::shared_ptr<Conv2d> Conv2d::from_options(const Value& options) {
  return make<Conv2d>(options["in_channels"].as_int(), options["out_channels"].as_int(),
                      size_of(options["kernel_size"]),
                      Conv2dOptions{.stride = size_of(options["stride"]),
                                    .padding = padding_of(options["padding"]),
                                    .dilation = size_of(options["dilation"]),
                                    .groups = options["groups"].as_int(),
                                    .bias = options["bias"].as_bool(),
                                    .padding_mode = options["padding_mode"].as_text()});
}

}  // namespace cairn::nn
