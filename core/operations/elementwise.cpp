// Elementwise operations in front of their kernels: promotion, broadcasting, and the gradients.

#include <cairn/core/destinations.h>
#include <cairn/core/dispatch.h>
#include <cairn/core/elementwise.h>
#include <cairn/core/graph.h>
#include <cairn/core/ops.h>

namespace cairn {
namespace {

// One input.

template <class Op>
void unary_gradient(Node& node, const Tensor& gradient, Tensor* gradients) {
  gradients[0] = make_tensor(gradient.shape(), gradient.dtype(), gradient.device());
  const Tensor* x = Op::slope_is == Slope::of_input ? &node.saved(0) : nullptr;
  const Tensor* y = Op::slope_is == Slope::of_output ? &node.saved(0) : nullptr;
  dispatch(Op::backward, gradient.dtype(), {&gradients[0], &gradient, x, y});
}

template <class Op>
Tensor unary(const char* node_name, const Tensor& given) {
  const bool fits = is_floating_point(given.dtype()) || (Op::takes_integers && given.dtype() != DType::boolean);
  const Tensor x = fits || category(given.dtype()) == DTypeCategory::complex ? given : given.to(DType::float32);
  Tensor y = make_tensor(x.shape(), x.dtype(), x.device());
  dispatch(Op::forward, x.dtype(), {&y, &x});
  if (Node* node = record(y, node_name, unary_gradient<Op>, {&x})) {
    if (Op::slope_is == Slope::of_input) node->save(x);
    if (Op::slope_is == Slope::of_output) node->save_output(y);
  }
  return y;
}

// Two inputs.

/// The dtype PyTorch computes in: of equal categories, tensors with dimensions outrank scalars; a higher category of a
/// scalar still lifts the result, to the default type of that category.
DType result_dtype(const Tensor& a, const Tensor& b) {
  if (a.dtype() == b.dtype()) return a.dtype();
  const bool a_scalar = a.dim() == 0, b_scalar = b.dim() == 0;
  if (a_scalar == b_scalar) return promote_types(a.dtype(), b.dtype());
  const Tensor& full = a_scalar ? b : a;
  const Tensor& scalar = a_scalar ? a : b;
  return category(scalar.dtype()) > category(full.dtype()) ? promote_types(full.dtype(), scalar.dtype()) : full.dtype();
}

/// A number beside a tensor takes the tensor's dtype, unless its category is higher: then float32.
Tensor beside(const Tensor& tensor, Scalar value) {
  DType dtype = tensor.dtype();
  if (!value.is_integer && category(dtype) < DTypeCategory::floating) dtype = DType::float32;
  if (value.is_integer && dtype == DType::boolean) dtype = DType::int64;
  return scalar_tensor(value, {.dtype = dtype, .device = tensor.device()});
}

/// `tensor` in `dtype`, and on `device` if it is a scalar on the CPU, as PyTorch allows.
Tensor operand(const Tensor& tensor, DType dtype, Device device) {
  const Tensor converted = tensor.to(dtype);
  return tensor.dim() == 0 && tensor.device().is_cpu() ? converted.to(device) : converted;
}

template <class Op>
Tensor binary(const char* node_name, GradientFunction gradient, const Tensor& a, const Tensor& b, bool save_inputs) {
  const Shape shape = a.shape() == b.shape() ? a.shape() : broadcast_shapes(a.shape(), b.shape());
  DType dtype = result_dtype(a, b);
  if (!Op::takes_integers && category(dtype) < DTypeCategory::floating) dtype = DType::float32;
  const Device device = a.dim() == 0 && a.device().is_cpu() ? b.device() : a.device();
  const Tensor left = operand(a, dtype, device), right = operand(b, dtype, device);
  Tensor y = make_tensor(shape, dtype, device);
  dispatch(Op::forward, dtype, {&y, &left, &right});
  if (Node* node = record(y, node_name, gradient, {&left, &right}); node && save_inputs) {
    node->save(left);
    node->save(right);
  }
  return y;
}

/// a ← a op b. The result keeps the shape and dtype of `a`.
template <class Op>
void binary_inplace(const char* node_name, GradientFunction gradient, const Tensor& a, const Tensor& b,
                    bool save_inputs) {
  check_inplace(a);
  const Shape shape = a.shape() == b.shape() ? a.shape() : broadcast_shapes(a.shape(), b.shape());
  check<ShapeError>(shape == a.shape(), "output with shape ", Extents(a.shape()), " doesn't match the broadcast shape ",
                    Extents(shape));
  DType dtype = result_dtype(a, b);
  if (!Op::takes_integers && category(dtype) < DTypeCategory::floating) dtype = DType::float32;
  check<DTypeError>(category(dtype) <= category(a.dtype()), "result type ", name(dtype),
                    " can't be cast to the desired output type ", name(a.dtype()));
  Tensor right = operand(b, a.dtype(), a.device());
  const bool recording = thread_state.grad_enabled && (records(a) || records(right));
  // What is read must not change while `a` is written, nor, if the gradient needs it, by its being written.
  if (overlap_partly(right, a) || (recording && save_inputs && right.shares_storage(a))) right = right.clone();
  const Tensor before = recording && save_inputs ? a.detach().clone() : Tensor();
  dispatch(Op::forward, a.dtype(), {&a, &a, &right});
  a.impl()->storage->bump_version();
  if (Node* node = record_inplace(a, node_name, gradient, {&a, &right}); node && save_inputs) {
    node->save(before);
    node->save(right);
  }
}

void add_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  if (node.needs(0)) gradients[0] = g;
  if (node.needs(1)) gradients[1] = g;
}
void sub_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  if (node.needs(0)) gradients[0] = g;
  if (node.needs(1)) gradients[1] = neg(g);
}
void mul_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  if (node.needs(0)) gradients[0] = mul(g, node.saved(1));
  if (node.needs(1)) gradients[1] = mul(g, node.saved(0));
}
void div_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  if (node.needs(0)) gradients[0] = div(g, node.saved(1));
  if (node.needs(1)) gradients[1] = neg(div(mul(g, node.saved(0)), mul(node.saved(1), node.saved(1))));
}

}  // namespace

Tensor neg(const Tensor& x) {
  check<DTypeError>(x.dtype() != DType::boolean,
                    "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a "
                    "mask, use the `~` or "
                    "`logical_not()` operator instead.");
  return unary<Neg>("NegBackward0", x);
}
Tensor abs(const Tensor& x) { return unary<Abs>("AbsBackward0", x); }
Tensor exp(const Tensor& x) { return unary<Exp>("ExpBackward0", x); }
Tensor log(const Tensor& x) { return unary<Log>("LogBackward0", x); }
Tensor sqrt(const Tensor& x) { return unary<Sqrt>("SqrtBackward0", x); }
Tensor relu(const Tensor& x) { return unary<Relu>("ReluBackward0", x); }
Tensor sigmoid(const Tensor& x) { return unary<Sigmoid>("SigmoidBackward0", x); }

Tensor add(const Tensor& a, const Tensor& b) { return binary<Add>("AddBackward0", add_gradient, a, b, false); }
Tensor sub(const Tensor& a, const Tensor& b) { return binary<Sub>("SubBackward0", sub_gradient, a, b, false); }
Tensor mul(const Tensor& a, const Tensor& b) { return binary<Mul>("MulBackward0", mul_gradient, a, b, true); }
Tensor div(const Tensor& a, const Tensor& b) { return binary<Div>("DivBackward0", div_gradient, a, b, true); }

const Tensor& Tensor::add_(const Tensor& b) const {
  return binary_inplace<Add>("AddBackward0", add_gradient, *this, b, false), *this;
}
const Tensor& Tensor::sub_(const Tensor& b) const {
  return binary_inplace<Sub>("SubBackward0", sub_gradient, *this, b, false), *this;
}
const Tensor& Tensor::mul_(const Tensor& b) const {
  return binary_inplace<Mul>("MulBackward0", mul_gradient, *this, b, true), *this;
}
const Tensor& Tensor::div_(const Tensor& b) const {
  return binary_inplace<Div>("DivBackward0", div_gradient, *this, b, true), *this;
}
const Tensor& Tensor::add_(Scalar b) const { return add_(beside(*this, b)); }
const Tensor& Tensor::mul_(Scalar b) const { return mul_(beside(*this, b)); }

Tensor operator-(const Tensor& x) { return neg(x); }
Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
Tensor operator+(const Tensor& a, Scalar b) { return add(a, beside(a, b)); }
Tensor operator-(const Tensor& a, Scalar b) { return sub(a, beside(a, b)); }
Tensor operator*(const Tensor& a, Scalar b) { return mul(a, beside(a, b)); }
Tensor operator/(const Tensor& a, Scalar b) { return div(a, beside(a, b)); }
Tensor operator+(Scalar a, const Tensor& b) { return add(beside(b, a), b); }
Tensor operator-(Scalar a, const Tensor& b) { return sub(beside(b, a), b); }
Tensor operator*(Scalar a, const Tensor& b) { return mul(beside(b, a), b); }
Tensor operator/(Scalar a, const Tensor& b) { return div(beside(b, a), b); }

}  // namespace cairn
