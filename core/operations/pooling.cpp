// Pooling of images with PyTorch's checks, in its order, and texts. Kernels get numbers that lie row by row.

#include <cairn/core/attributes.h>
#include <cairn/core/dispatch.h>
#include <cairn/core/operations/promotion.h>

namespace cairn {
namespace {

/// How many windows there are in one direction.
std::int64_t places(std::int64_t extent, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                    std::int64_t dilation, bool ceil_mode) {
  check<ValueError>(stride != 0, "stride should not be zero");
  check<ValueError>(padding >= 0, "pad must be non-negative, but got pad: ", padding);
  check<ValueError>(padding <= ((kernel - 1) * dilation + 1) / 2,
                    "pad should be at most half of effective kernel size, but got pad=", padding,
                    ", kernel_size=", kernel, " and dilation=", dilation);
  const std::int64_t room = extent + 2 * padding - dilation * (kernel - 1) - 1 + (ceil_mode ? stride - 1 : 0);
  std::int64_t count = (room >= 0 ? room / stride : -((-room + stride - 1) / stride)) + 1;
  if (ceil_mode && (count - 1) * stride >= extent + padding) --count;  // it would begin in the padding behind
  return count;
}

/// x's shape with the sizes of the result.
Shape with_size(const Tensor& x, std::int64_t height, std::int64_t width) {
  Shape shape = x.shape();
  shape[x.dim() - 2] = height;
  shape[x.dim() - 1] = width;
  return shape;
}

Shape pooled_shape(const Tensor& x, const Size2d& kernel, const Size2d& stride, const Size2d& padding,
                   const Size2d& dilation, bool ceil_mode) {
  const std::int64_t channels = x.size(-3), height = x.size(-2), width = x.size(-1);
  const std::int64_t down = places(height, kernel.height, stride.height, padding.height, dilation.height, ceil_mode);
  const std::int64_t across = places(width, kernel.width, stride.width, padding.width, dilation.width, ceil_mode);
  check<ValueError>(kernel.height > 0 && kernel.width > 0,
                    "kernel size should be greater than zero, but got kH: ", kernel.height, " kW: ", kernel.width);
  check<ValueError>(stride.height > 0 && stride.width > 0,
                    "stride should be greater than zero, but got dH: ", stride.height, " dW: ", stride.width);
  check<ValueError>(dilation.height > 0 && dilation.width > 0,
                    "dilation should be greater than zero, but got dilationH: ", dilation.height,
                    " dilationW: ", dilation.width);
  check<ShapeError>(
      (x.dim() == 3 || x.dim() == 4) && channels > 0 && height > 0 && width > 0,
      "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:", Extents(x.shape()));
  check<ValueError>(kernel.width / 2 >= padding.width && kernel.height / 2 >= padding.height,
                    "pad should be smaller than or equal to half of kernel size, but got padW = ", padding.width,
                    ", padH = ", padding.height, ", kW = ", kernel.width, ", kH = ", kernel.height);
  check<ShapeError>(down > 0 && across > 0, "Given input size: (", channels, 'x', height, 'x', width,
                    "). Calculated output size: (", channels, 'x', down, 'x', across, "). Output size is too small");
  return with_size(x, down, across);
}

void max_pool2d_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const Tensor rows = rows_of(g);
  gradients[0] = make_tensor(node.input_shape(0), g.dtype(), g.device());
  dispatch(Operation::max_pool2d_backward, g.dtype(), {&gradients[0], &rows, &node.saved(0)},
           node.attributes<MaxPool2dAttributes>());
}

void avg_pool2d_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const Tensor rows = rows_of(g);
  gradients[0] = make_tensor(node.input_shape(0), g.dtype(), g.device());
  dispatch(Operation::avg_pool2d_backward, g.dtype(), {&gradients[0], &rows}, node.attributes<AvgPool2dAttributes>());
}

Tensor mean_of_windows(const Tensor& x, const Shape& shape, const AvgPool2dAttributes& attributes,
                       const char* node_name) {
  Tensor y = make_tensor(shape, x.dtype(), x.device());
  const Tensor rows = rows_of(x);
  dispatch(Operation::avg_pool2d, x.dtype(), {&y, &rows}, attributes);
  if (Node* node = record(y, node_name, avg_pool2d_gradient, {&x})) node->set_attributes(attributes);
  return y;
}

ValuesAndIndices max_pool(const Tensor& x, const Size2d& kernel, const MaxPoolingOptions& options, bool want_indices) {
  check<ShapeError>(x.dim() == 3 || x.dim() == 4, "non-empty 3D or 4D (batch mode) tensor expected for input");
  const Size2d stride = options.stride.value_or(kernel), &padding = options.padding, &dilation = options.dilation;
  const Shape shape = pooled_shape(x, kernel, stride, padding, dilation, options.ceil_mode);
  check_floating(x.dtype(), "max_pool2d");
  const MaxPool2dAttributes attributes{{kernel.height, kernel.width},
                                       {stride.height, stride.width},
                                       {padding.height, padding.width},
                                       {dilation.height, dilation.width}};
  Tensor y = make_tensor(shape, x.dtype(), x.device()), indices;
  Node* const node = record(y, "MaxPool2DWithIndicesBackward0", max_pool2d_gradient, {&x});
  if (node || want_indices) indices = make_tensor(shape, DType::int64, x.device());
  const Tensor rows = rows_of(x);
  dispatch(Operation::max_pool2d, x.dtype(), {&y, &indices, &rows}, attributes);
  if (node) {
    node->save(indices);
    node->set_attributes(attributes);
  }
  return {y, indices};
}

}  // namespace

Tensor max_pool2d(const Tensor& x, const Size2d& kernel, const MaxPoolingOptions& options) {
  return max_pool(x, kernel, options, false).values;
}

ValuesAndIndices max_pool2d_with_indices(const Tensor& x, const Size2d& kernel, const MaxPoolingOptions& options) {
  return max_pool(x, kernel, options, true);
}

Tensor avg_pool2d(const Tensor& x, const Size2d& kernel, const AveragePoolingOptions& options) {
  const Size2d stride = options.stride.value_or(kernel), &padding = options.padding;
  check<ValueError>(options.divisor_override != 0, "divisor must be not zero");
  const Shape shape = pooled_shape(x, kernel, stride, padding, 1, options.ceil_mode);
  check_floating(x.dtype(), "avg_pool2d");
  const AvgPool2dAttributes attributes{{kernel.height, kernel.width},   {stride.height, stride.width},
                                       {padding.height, padding.width}, options.divisor_override.value_or(0),
                                       options.count_include_pad,       false};
  return mean_of_windows(x, shape, attributes, "AvgPool2DBackward0");
}

Tensor adaptive_avg_pool2d(const Tensor& x, const Size2d& output_size) {
  check<ShapeError>(x.dim() >= 3, "Input dimension should be at least 3");
  check<ValueError>(output_size.height >= 0 && output_size.width >= 0,
                    "adaptive_avg_pool2d: elements of output_size must be greater than or equal to 0 but received {",
                    output_size.height, ", ", output_size.width, '}');
  if (output_size.height == 1 && output_size.width == 1) return mean(x, {-2, -1}, true);
  check<ShapeError>(x.dim() == 3 || x.dim() == 4, "adaptive_avg_pool2d(): Expected 3D or 4D tensor, but got ",
                    Extents(x.shape()));
  for (int d = x.dim() - 2; d < x.dim(); ++d)
    check<ShapeError>(x.shape()[d] > 0,
                      "adaptive_avg_pool2d(): Expected input to have non-zero size for non-batch dimensions, but input "
                      "has sizes ",
                      Extents(x.shape()), " with dimension ", d, " being empty");
  check_floating(x.dtype(), "adaptive_avg_pool2d");
  AvgPool2dAttributes attributes{};
  attributes.adaptive = true;
  return mean_of_windows(x, with_size(x, output_size.height, output_size.width), attributes,
                         "AdaptiveAvgPool2DBackward0");
}

}  // namespace cairn
