// Matrix products, and the layer y = x Wᵀ + b, which is one operation forward and one back.

#include <cairn/core/dispatch.h>
#include <cairn/core/graph.h>
#include <cairn/core/ops.h>

namespace cairn {
namespace {

/// With g = dL/dy of y = a b:  dL/da = g bᵀ,  dL/db = aᵀ g. Batches that were broadcast are summed by the engine.
void matmul_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  if (node.needs(0)) gradients[0] = matmul(g, node.saved(1).transpose(-1, -2));
  if (node.needs(1)) gradients[1] = matmul(node.saved(0).transpose(-1, -2), g);
}

/// Both at least matrices, of one dtype.
Tensor matmul_matrices(const Tensor& a, const Tensor& b) {
  const std::int64_t m = a.size(-2), k = a.size(-1), n = b.size(-1);
  check<ShapeError>(k == b.size(-2), a.dim() == 2 && b.dim() == 2 ? "mm: " : "",
                    "mat1 and mat2 shapes cannot be multiplied (", m, 'x', k, " and ", b.size(-2), 'x', n, ')');
  Shape batch_a, batch_b;
  for (int i = 0; i + 2 < a.dim(); ++i) batch_a.push_back(a.shape()[i]);
  for (int i = 0; i + 2 < b.dim(); ++i) batch_b.push_back(b.shape()[i]);
  Shape shape = broadcast_shapes(batch_a, batch_b);
  shape.push_back(m);
  shape.push_back(n);
  Tensor y = make_tensor(shape, a.dtype(), a.device());
  dispatch(Operation::matmul, a.dtype(), {&y, &a, &b});
  if (Node* node =
          record(y, a.dim() == 2 && b.dim() == 2 ? "MmBackward0" : "BmmBackward0", matmul_gradient, {&a, &b})) {
    node->save(a);
    node->save(b);
  }
  return y;
}

/// x [n, in] as rows; weight [out, in].
void linear_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const Tensor& x = node.saved(0);
  const Tensor& weight = node.saved(1);
  const TensorImpl& given = *g.impl();
  const auto wanted = [&](int i, const Shape& shape) {
    return node.needs(i) ? make_tensor(shape, given.dtype, given.device) : Tensor();
  };
  gradients[0] = wanted(0, x.impl()->shape);
  gradients[1] = wanted(1, weight.impl()->shape);
  gradients[2] = wanted(2, {weight.impl()->shape[0]});
  dispatch(Operation::linear_backward, given.dtype, {&gradients[0], &gradients[1], &gradients[2], &g, &x, &weight});
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  check<ShapeError>(a.dim() > 0 && b.dim() > 0, "both arguments to matmul need to be at least 1D, but they are ",
                    a.dim(), "D and ", b.dim(), 'D');
  check<DTypeError>(a.dtype() == b.dtype(), "expected m1 and m2 to have the same dtype, but got: ", name(a.dtype()),
                    " != ", name(b.dtype()));
  if (a.dim() == 1 && b.dim() == 1) {
    check<ShapeError>(a.size(0) == b.size(0), "inconsistent tensor size, expected tensor ", Extents(a.shape()),
                      " and src ", Extents(b.shape()), " to have the same number of elements, but got ", a.size(0),
                      " and ", b.size(0), " elements respectively");
  }
  const Tensor left = a.dim() == 1 ? a.unsqueeze(0) : a;
  const Tensor right = b.dim() == 1 ? b.unsqueeze(1) : b;
  Tensor y = matmul_matrices(left, right);
  if (b.dim() == 1) y = y.squeeze(-1);
  if (a.dim() == 1) y = y.squeeze(b.dim() == 1 ? -1 : -2);
  return y;
}

namespace {

/// Whatever is wrong with the operands of a linear layer, in PyTorch's order; nothing, if nothing is.
void check_linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check<ShapeError>(weight.dim() == 2, "linear: weight must be a matrix [out, in], but has shape ", weight.shape());
  check<ShapeError>(x.dim() > 0, "both arguments to linear need to be at least 1D, but they are ", x.dim(), "D and 2D");
  const std::int64_t in = weight.shape()[1], out = weight.shape()[0];
  std::int64_t rows = 1;
  for (int i = 0; i + 1 < x.dim(); ++i) rows *= x.shape()[i];
  check<ShapeError>(x.shape()[x.dim() - 1] == in,
                    bias.defined() ? "addmm: " : "mm: ", "mat1 and mat2 shapes cannot be multiplied (", rows, 'x',
                    x.shape()[x.dim() - 1], " and ", in, 'x', out, ')');
  check<DTypeError>(x.dtype() == weight.dtype() && (!bias.defined() || bias.dtype() == x.dtype()),
                    "mat1 and mat2 must have the same dtype, but got ", name(x.dtype()), " and ", name(weight.dtype()));
  if (bias.defined()) {
    check<ShapeError>(bias.dim() == 1 && bias.shape()[0] == out, "linear: bias must have shape [", out,
                      "], but has shape ", bias.shape());
  }
}

/// Rows by a weight, and a bias or none: what most calls are.
bool is_plain_linear(const TensorImpl& x, const TensorImpl& weight, const TensorImpl* bias) {
  return x.shape.rank() == 2 && weight.shape.rank() == 2 && x.shape[1] == weight.shape[1] && x.dtype == weight.dtype &&
         (!bias || (bias->shape.rank() == 1 && bias->shape[0] == weight.shape[0] && bias->dtype == x.dtype));
}

}  // namespace

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check<ValueError>(x.defined() && weight.defined(), "linear: input and weight must be defined");
  const TensorImpl &input = *x.impl(), &matrix = *weight.impl();
  if (!is_plain_linear(input, matrix, bias.impl())) {
    check_linear(x, weight, bias);
    Shape shape = input.shape;
    shape[shape.rank() - 1] = matrix.shape[0];
    std::int64_t rows = 1;
    for (int i = 0; i + 1 < shape.rank(); ++i) rows *= shape[i];
    return linear(x.reshape({rows, matrix.shape[1]}), weight, bias).view(shape);
  }
  Tensor y = make_tensor({input.shape[0], matrix.shape[0]}, input.dtype, input.device);
  dispatch(Operation::linear, input.dtype, {&y, &x, &weight, &bias});
  if (Node* node =
          record(y, bias.defined() ? "AddmmBackward0" : "MmBackward0", linear_gradient, {&x, &weight, &bias})) {
    node->save(x);
    node->save(weight);
  }
  return y;
}

}  // namespace cairn
