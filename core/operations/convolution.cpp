// Convolution of images with PyTorch's checks, in its order, and texts. Kernels get numbers that lie row by row.

#include <cairn/core/attributes.h>
#include <cairn/core/dispatch.h>
#include <cairn/core/operations/promotion.h>

namespace cairn {
namespace {

/// How a text calls a dtype there: "float", "double".
std::string lower_name(DType dtype) {
  std::string name(scalar_type_name(dtype));
  for (char& letter : name) letter = static_cast<char>(letter >= 'A' && letter <= 'Z' ? letter - 'A' + 'a' : letter);
  return name;
}

void check_kind(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check<ShapeError>(x.dim() == 4, "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: ",
                    Extents(x.shape()));
  check<ShapeError>(weight.dim() == 4,
                    "conv2d: weight must be [out, in / groups, kernel height, kernel width], but is ",
                    Extents(weight.shape()));
  check<DTypeError>(!bias.defined() || bias.dtype() == x.dtype(), "Input type (", lower_name(x.dtype()),
                    ") and bias type (", lower_name(bias.defined() ? bias.dtype() : x.dtype()), ") should be the same");
  check<DTypeError>(weight.dtype() == x.dtype(), "expected scalar type ", scalar_type_name(x.dtype()), " but found ",
                    scalar_type_name(weight.dtype()));
  check_floating(x.dtype(), "slow_conv2d_cpu");
}

void check_options(const ConvolutionOptions& options, const Size2d& padding) {
  check<ValueError>(padding.height >= 0 && padding.width >= 0, "negative padding is not supported");
  check<ValueError>(options.stride.height > 0 && options.stride.width > 0, "non-positive stride is not supported");
  check<ValueError>(options.dilation.height > 0 && options.dilation.width > 0,
                    "dilation should be greater than zero, but got [", options.dilation.height, ", ",
                    options.dilation.width, ']');
  check<ValueError>(options.groups > 0, "non-positive groups is not supported");
}

void check_shapes(const Tensor& x, const Tensor& weight, const Tensor& bias, std::int64_t groups) {
  const Shape &in = x.shape(), &kernel = weight.shape();
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
  check<ShapeError>(kernel[2] > 0 && kernel[3] > 0,
                    "kernel size should be greater than zero, but got kernel_height: ", kernel[2],
                    " kernel_width: ", kernel[3]);
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
  check_kind(x, weight, bias);
  const Size2d &stride = options.stride, &dilation = options.dilation;
  const bool same = options.padding.name == "same";
  check<ValueError>(same || options.padding.name.empty() || options.padding.name == "valid",
                    "Invalid padding string: '", options.padding.name, '\'');
  check<ValueError>(!same || (stride.height == 1 && stride.width == 1),
                    "padding='same' is not supported for strided convolutions");
  check_options(options, options.padding);
  check_shapes(x, weight, bias, options.groups);

  Conv2dAttributes attributes{{stride.height, stride.width}, {}, {dilation.height, dilation.width}, options.groups};
  const std::int64_t given[] = {options.padding.height, options.padding.width};
  std::int64_t padded[2], kernel[2];  // extents
  for (int d = 0; d < 2; ++d) {
    const std::int64_t reach = attributes.dilation[d] * (weight.shape()[2 + d] - 1);
    attributes.padding[d] = same ? reach / 2 : given[d];
    padded[d] = x.shape()[2 + d] + (same ? reach : 2 * given[d]);
    kernel[d] = reach + 1;
  }
  check<ShapeError>(padded[0] >= kernel[0] && padded[1] >= kernel[1], "Calculated padded input size per channel: (",
                    padded[0], " x ", padded[1], "). Kernel size: (", kernel[0], " x ", kernel[1],
                    "). Kernel size can't be greater than actual input size");

  Tensor y = make_tensor({x.shape()[0], weight.shape()[0], (padded[0] - kernel[0]) / stride.height + 1,
                          (padded[1] - kernel[1]) / stride.width + 1},
                         x.dtype(), x.device());
  const Tensor image = rows_of(x), kernels = rows_of(weight);
  dispatch(Operation::conv2d, x.dtype(), {&y, &image, &kernels, &bias}, attributes);
  if (Node* node = record(y, "ConvolutionBackward0", conv2d_gradient, {&x, &weight, &bias})) {
    node->save(image);
    node->save(kernels);
    node->set_attributes(attributes);
  }
  return y;
}

}  // namespace cairn
