// Convolution of images with PyTorch's checks, in its order, and texts. Kernels get numbers that lie row by row.

#include <cairn/core/attributes.h>
#include <cairn/core/dispatch.h>
#include <cairn/core/operations/promotion.h>

namespace cairn {
namespace {

void check_bias_dtype(const Tensor& x, const Tensor& bias) {
  check<DTypeError>(!bias.defined() || bias.dtype() == x.dtype(), "Input type (", native_name(x.dtype()),
                    ") and bias type (", native_name(bias.defined() ? bias.dtype() : x.dtype()),
                    ") should be the same");
}

/// What is checked before the padding that "same" means can be computed.
void check_operands(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvolutionOptions& options) {
  const Size2d& stride = options.stride;
  const std::string& padding = options.padding.name;
  const int rank = weight.dim();
  const bool same = padding == "same";
  if (padding.empty()) check_bias_dtype(x, bias);
  check<ShapeError>(x.dim() == 4, "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: ",
                    Extents(x.shape()));
  check<ValueError>(same || padding.empty() || padding == "valid", "Invalid padding string: '", padding, '\'');
  check<ShapeError>(rank >= 3, "weight should have at least three dimensions");
  check<ValueError>(options.groups > 0, "non-positive groups is not supported");
  check<ShapeError>(rank == 4 || !same, "Expected ", rank, "-dimensional input for ", rank, "-dimensional weight",
                    Extents(weight.shape()), ", but got 4-dimensional input of size ", Extents(x.shape()), " instead");
  check<ShapeError>(rank == 4, "expected stride to be a single integer value or a list of ", rank - 2,
                    " values to match the convolution dimensions, but got stride=[", stride.height, ", ", stride.width,
                    ']');
  check<ValueError>(!same || (stride.height == 1 && stride.width == 1),
                    "padding='same' is not supported for strided convolutions");
}

bool is_dilated(const Conv2dAttributes& attributes) {
  return attributes.dilation[0] != 1 || attributes.dilation[1] != 1;
}

/// Where the windows lie.
struct Windows {
  Conv2dAttributes attributes;
  Shape image;                        ///< With the zeros that only one side gets.
  std::int64_t padded[2], extent[2];  ///< Of the image with all zeros, and of a window.

  std::int64_t count(int d) const { return (padded[d] - extent[d]) / attributes.stride[d] + 1; }
};

Windows windows_of(const Tensor& x, const Tensor& weight, const ConvolutionOptions& options) {
  const Size2d &stride = options.stride, &dilation = options.dilation;
  const std::int64_t given[] = {options.padding.height, options.padding.width};
  Windows windows{
      {{stride.height, stride.width}, {}, {dilation.height, dilation.width}, options.groups}, x.shape(), {}, {}};
  for (int d = 0; d < 2; ++d) {
    const std::int64_t reach = windows.attributes.dilation[d] * (weight.shape()[2 + d] - 1);
    const std::int64_t zeros = options.padding.name == "same" ? reach : 2 * given[d];
    windows.attributes.padding[d] = zeros / 2;
    windows.image[2 + d] += zeros % 2;
    windows.padded[d] = x.shape()[2 + d] + zeros;
    windows.extent[d] = reach + 1;
  }
  return windows;
}

void check_windows(const Windows& windows, const Shape& kernel, const Tensor& bias) {
  const auto& [attributes, in, padded, extent] = windows;
  const auto& [stride, padding, dilation, groups] = attributes;
  check<ValueError>(padding[0] >= 0 && padding[1] >= 0, "negative padding is not supported");
  check<ValueError>(stride[0] > 0 && stride[1] > 0, "non-positive stride is not supported");
  check<ValueError>(dilation[0] >= 0 && dilation[1] >= 0, "dilation should be greater than zero");
  check<ShapeError>(kernel[0] >= groups, "Given groups=", groups, ", expected weight to be at least ", groups,
                    " at dimension 0, but got weight of size ", Extents(kernel), " instead");
  check<ShapeError>(kernel[0] % groups == 0, "Given groups=", groups, ", expected weight to be divisible by ", groups,
                    " at dimension 0, but got weight of size [", Extents(kernel), "] instead");
  check<ShapeError>(in[1] == kernel[1] * groups, "Given groups=", groups, ", weight of size ", Extents(kernel),
                    ", expected input", Extents(in), " to have ", kernel[1] * groups, " channels, but got ", in[1],
                    " channels instead");
  check<ShapeError>(!bias.defined() || (bias.dim() == 1 && bias.numel() == kernel[0]), "Given weight of size ",
                    Extents(kernel), ", expected bias to be 1-dimensional with ", kernel[0],
                    " elements, but got bias of size ", Extents(bias.defined() ? bias.shape() : Shape{}), " instead");
  check<ShapeError>(padded[0] >= extent[0] && padded[1] >= extent[1], "Calculated padded input size per channel: (",
                    padded[0], " x ", padded[1], "). Kernel size: (", extent[0], " x ", extent[1],
                    "). Kernel size can't be greater than actual input size");
  check<ShapeError>((in[2] > 0 && in[3] > 0) || in[0] == 0 || in[1] == 0,
                    "Only zero batch or zero channel inputs are supported, but got input shape: ", Extents(in));
  check<ShapeError>((kernel[2] > 0 && kernel[3] > 0) || !is_dilated(attributes),
                    "kernel size should be greater than zero, but got [", kernel[2], ", ", kernel[3], ']');
  check<ShapeError>(kernel[2] > 0 && kernel[3] > 0,
                    "kernel size should be greater than zero, but got kernel_height: ", kernel[2],
                    " kernel_width: ", kernel[3]);
  check<ValueError>(dilation[0] > 0 && dilation[1] > 0, "dilation should be greater than zero, but got [", dilation[0],
                    ", ", dilation[1], ']');
}

void conv2d_gradient(Node& node, const Tensor& given, Tensor* gradients) {
  const Tensor &x = node.saved(0), &weight = node.saved(1), g = rows_of(given);
  const auto wanted = [&](int i, const Shape& shape) {
    return node.needs(i) ? make_tensor(shape, g.dtype(), g.device()) : Tensor();
  };
  gradients[0] = wanted(0, x.shape());
  gradients[1] = wanted(1, weight.shape());
  gradients[2] = wanted(2, {weight.shape()[0]});
  dispatch(Operation::conv2d_backward, g.dtype(), {&gradients[0], &gradients[1], &gradients[2], &g, &x, &weight},
           node.attributes<Conv2dAttributes>());
}

}  // namespace

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const ConvolutionOptions& options) {
  check<ValueError>(x.defined() && weight.defined(), "conv2d: input and weight must be defined");
  if (x.dim() == 3) return conv2d(x.unsqueeze(0), weight, bias, options).squeeze(0);
  check_operands(x, weight, bias, options);
  const Windows windows = windows_of(x, weight, options);
  check_windows(windows, weight.shape(), bias);
  check<DTypeError>(weight.dtype() == x.dtype(), "expected scalar type ", scalar_type_name(x.dtype()), " but found ",
                    scalar_type_name(weight.dtype()));
  check_bias_dtype(x, bias);
  check_floating(x.dtype(), is_dilated(windows.attributes) ? "slow_conv_dilated<>" : "slow_conv2d_cpu");

  Tensor y = make_tensor({x.shape()[0], weight.shape()[0], windows.count(0), windows.count(1)}, x.dtype(), x.device());
  const Tensor image = rows_of(x), kernels = rows_of(weight);
  dispatch(Operation::conv2d, x.dtype(), {&y, &image, &kernels, &bias}, windows.attributes);
  if (Node* node = record(y, "ConvolutionBackward0", conv2d_gradient, {&x, &weight, &bias})) {
    node->save(image);
    node->save(kernels);
    node->set_attributes(windows.attributes);
  }
  return y;
}

}  // namespace cairn
