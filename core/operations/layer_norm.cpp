// Layer normalisation: statistics over the last dimensions, for each row of the others.

#include <cairn/core/attributes.h>
#include <cairn/core/dispatch.h>
#include <cairn/core/graph.h>
#include <cairn/core/operations/promotion.h>

namespace cairn {
namespace {

/// The tensor as rows, or as one row; undefined stays undefined.
Tensor as_shape(const Tensor& tensor, const Shape& shape) {
  return tensor.defined() ? tensor.detach().contiguous().view(shape) : Tensor();
}

void layer_norm_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const Tensor &x = node.saved(0), &mean = node.saved(1), &inverse_deviation = node.saved(2), &weight = node.saved(3);
  const Shape rows = x.shape();
  const Tensor grad_y = as_shape(g, rows), grad_x = make_tensor(rows, g.dtype(), g.device());
  Tensor of_column[2];
  for (int i = 0; i < 2; ++i)
    if (node.needs(i + 1)) of_column[i] = make_tensor({rows[1]}, g.dtype(), g.device());
  dispatch(Operation::layer_norm_backward, g.dtype(),
           {&grad_x, &of_column[0], &of_column[1], &grad_y, &x, &mean, &inverse_deviation, &weight});
  if (node.needs(0)) gradients[0] = grad_x.view(node.input_shape(0)).detach();
  for (int i = 1; i < 3; ++i)
    if (node.needs(i)) gradients[i] = of_column[i - 1].view(node.input_shape(i)).detach();
}

void check_layer_norm(const Tensor& x, const Shape& shape, const Tensor& weight, const Tensor& bias) {
  check<ShapeError>(shape.rank() > 0,
                    "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, "
                    "but got normalized_shape = ",
                    Extents(shape));
  const auto check_parameter = [&](const Tensor& tensor, const char* which) {
    if (!tensor.defined()) return;
    check<ShapeError>(tensor.shape() == shape, "Expected ", which, " to be of same shape as normalized_shape, but got ",
                      which, " of shape ", Extents(tensor.shape()), " and normalized_shape = ", Extents(shape));
  };
  check_parameter(weight, "weight");
  check_parameter(bias, "bias");
  bool fits = x.dim() >= shape.rank();
  for (int d = 0; fits && d < shape.rank(); ++d) fits = x.size(d - shape.rank()) == shape[d];
  if (!fits) {
    std::string expected;
    for (const std::int64_t extent : shape) expected += text(", ", extent);
    throw ShapeError(text("Given normalized_shape=", Extents(shape), ", expected input with shape [*", expected,
                          "], but got input of size", Extents(x.shape())));
  }
  check_floating(x.dtype(), "LayerNormKernelImpl");
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Shape& normalized_shape, const Tensor& given_weight, const Tensor& given_bias,
                  double eps) {
  check_layer_norm(x, normalized_shape, given_weight, given_bias);
  const bool small = x.dtype() == DType::float16 || x.dtype() == DType::bfloat16;
  // Parameters in float32 may stand beside small floats, and all is computed in float32 then.
  for (const Tensor* parameter : {&given_weight, &given_bias}) {
    if (!parameter->defined() || parameter->dtype() == x.dtype()) continue;
    check<DTypeError>(small && parameter->dtype() == DType::float32,
                      "mixed dtype (CPU): expect parameter to have scalar type of Float");
    const auto wide = [](const Tensor& tensor) { return tensor.defined() ? tensor.to(DType::float32) : tensor; };
    return layer_norm(wide(x), normalized_shape, wide(given_weight), wide(given_bias), eps).to(x.dtype());
  }
  std::int64_t length = 1;
  for (const std::int64_t extent : normalized_shape) length *= extent;
  const std::int64_t rows = length > 0 ? x.numel() / length : 0;
  const DType computed = small ? DType::float32 : x.dtype();
  const Tensor flat = as_shape(x, {rows, length}), weight = as_shape(given_weight, {length}),
               bias = as_shape(given_bias, {length});
  const Tensor mean = make_tensor({rows}, computed, x.device()),
               inverse_deviation = make_tensor({rows}, computed, x.device());
  const Tensor result = make_tensor({rows, length}, x.dtype(), x.device());
  dispatch(Operation::layer_norm, x.dtype(), {&result, &mean, &inverse_deviation, &flat, &weight, &bias},
           NormAttributes{eps});
  Tensor y = result.view(x.shape()).detach();
  if (Node* node = record(y, "NativeLayerNormBackward0", layer_norm_gradient, {&x, &given_weight, &given_bias})) {
    node->save(flat);
    node->save(mean);
    node->save(inverse_deviation);
    node->save(weight);
  }
  return y;
}

}  // namespace cairn
