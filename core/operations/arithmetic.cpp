// Arithmetic of two tensors, or of a tensor and a number, and in place.

#include <cairn/core/autograd.h>
#include <cairn/core/destinations.h>
#include <cairn/core/dispatch.h>
#include <cairn/core/elementwise.h>
#include <cairn/core/operations/promotion.h>

namespace cairn {
namespace {

/// What an operation's gradient reads.
enum class Saves : std::uint8_t {
  nothing,
  factors,  ///< The right one, and the left one only for the gradient of the right one.
  inputs,
  inputs_and_output
};

/// Whether a scalar on the right keeps its digits beside small floats.
template <class Op>
constexpr bool keeps_digits = std::is_same_v<Op, Mul> || std::is_same_v<Op, Div>;

template <class Op>
DType arithmetic_dtype(const Tensor& a, const Tensor& b) {
  const DType dtype = result_dtype(a, b);
  return !Op::takes_integers && is_whole_number(dtype) ? DType::float32 : dtype;
}

template <class Op>
Tensor binary(const char* node_name, GradientFunction gradient, Saves saves, const Tensor& a, const Tensor& b) {
  const DType dtype = arithmetic_dtype<Op>(a, b), computed = computed_dtype(dtype);
  const Device device = common_device(a, b);
  const Tensor left = operand(a, dtype, device), right = operand(b, dtype, device, keeps_digits<Op>);
  Tensor y = make_tensor(common_shape(a, b), computed, device);
  dispatch(Op::forward, computed, {&y, &left, &right});
  if (dtype != computed) return y.to(dtype);
  if (Node* node = record(y, node_name, gradient, {&left, &right}); node && saves != Saves::nothing) {
    node->save(saves == Saves::factors && !node->needs(1) ? Tensor() : left);
    node->save(right);
    if (saves == Saves::inputs_and_output) node->save_output(y);
  }
  return y;
}

/// a ← a op b. The result keeps the shape and dtype of `a`, and is rounded to it once, whatever that of `b` is.
template <class Op>
const Tensor& binary_inplace(const char* node_name, GradientFunction gradient, Saves saves, const Tensor& a,
                             const Tensor& b) {
  check_inplace(a, {&b});
  const DType dtype = arithmetic_dtype<Op>(a, b);
  check_result_fits(a, dtype, common_shape(a, b));
  if (is_whole_number(a.dtype()) && a.dtype() != DType::int64)
    return a.copy_(binary<Op>(node_name, gradient, saves, a, b));
  Tensor right = operand(b, dtype, a.device(), keeps_digits<Op>);
  const bool recording = thread_state.grad_enabled && (records(a) || records(right));
  const bool saving = recording && saves != Saves::nothing;
  // What is read must not change while `a` is written, nor, if the gradient needs it, by its being written.
  if (overlap_partly(right, a) || (saving && right.shares_storage(a))) right = right.clone();
  const Tensor before = saving ? a.detach().clone() : Tensor();
  if (dtype == a.dtype()) {
    dispatch(Op::forward, dtype, {&a, &a, &right});
  } else {
    const NoGrad no_grad;
    const Tensor y = binary<Op>(node_name, gradient, saves, a, right);
    dispatch(Operation::copy, a.dtype(), {&a, &y});
  }
  a.impl()->storage->bump_version();
  if (Node* node = record_inplace(a, node_name, gradient, {&a, &right}); node && saving) {
    node->save(before);
    node->save(right);
    if (saves == Saves::inputs_and_output) node->save_output(a);
  }
  return a;
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
  if (node.needs(1)) gradients[1] = neg(div(mul(g, div(node.saved(0), node.saved(1))), node.saved(1)));
}
/// dy/da = b a^(b-1), and 0 where b is; dy/db = y log a, and 0 where a is 0 and b is not negative.
void pow_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const Tensor &a = node.saved(0), &b = node.saved(1);
  if (node.needs(0)) gradients[0] = where(b == 0, 0, g * (b * pow(a, b - 1)));
  if (node.needs(1)) gradients[1] = g * where(logical_and(a == 0, b >= 0), 0, node.saved(2) * log(a));
}
/// To the larger one; halved between equals.
template <Tensor (*beaten)(const Tensor&, const Tensor&)>
void extreme_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const Tensor &a = node.saved(0), &b = node.saved(1);
  const Tensor shared = where(a == b, g / 2, g);
  if (node.needs(0)) gradients[0] = masked_fill(shared, beaten(a, b), 0);
  if (node.needs(1)) gradients[1] = masked_fill(shared, beaten(b, a), 0);
}

struct Exponent {
  double value;
};
void power_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const double exponent = node.attributes<Exponent>().value;
  const Tensor& x = node.saved(0);
  gradients[0] = exponent == 0 ? zeros_like(g) : g * (pow(x, exponent - 1) * exponent);
}

/// Powers that need no power function, by the exponent; undefined for others. The roots of -0 and -inf are not those
/// that the power function has, which PyTorch asks for float16.
Tensor simple_power(const Tensor& x, double exponent) {
  const NoGrad no_grad;
  const bool roots = x.dtype() != DType::float16;
  if (exponent == 2) return mul(x, x);
  if (exponent == 3) return mul(mul(x, x), x);
  if (exponent == 0.5 && roots) return sqrt(x);
  if (exponent == -0.5 && roots) return rsqrt(x);
  if (exponent == -1) return 1 / x;
  if (exponent == -2) return 1 / mul(x, x);
  return {};
}

void check_subtraction(bool a_is_bool, bool b_is_bool) {
  check<DTypeError>(!a_is_bool || !b_is_bool,
                    "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
                    "`logical_xor()` operator instead.");
  check<DTypeError>(!a_is_bool && !b_is_bool,
                    "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a "
                    "mask, use the `~` or `logical_not()` operator instead.");
}
void check_subtraction(const Tensor& a, const Tensor& b) {
  check_subtraction(a.dtype() == DType::boolean, b.dtype() == DType::boolean);
}
/// The number beside the tensor, if one may be subtracted from the other.
Tensor subtrahend(const Tensor& x, Scalar value) {
  check_subtraction(x.dtype() == DType::boolean, value.is_boolean);
  return beside(x, value);
}
/// The number beside whole numbers that are divided, which become float32 before it is looked at.
Tensor divisor(const Tensor& x, Scalar value) {
  return beside(x, is_whole_number(x.dtype()) ? Scalar(value.floating) : value);
}

void check_no_bool_power(const Tensor& base, const Tensor& exponent) {
  check<DTypeError>(result_dtype(base, exponent) != DType::boolean, "\"pow\" not implemented for 'Bool'");
}
void check_exponent(const Tensor& x, Scalar exponent) {
  const bool whole = is_whole_number(x.dtype());
  check<ValueError>(!whole || !exponent.is_integer || exponent.integer >= 0,
                    "Integers to negative integer powers are not allowed.");
  if (!whole || (exponent.is_integer && x.dtype() != DType::boolean)) check_number_fits(exponent, x.dtype());
}

Tensor power(const char* node_name, const Tensor& base, const Tensor& exponent) {
  check_no_bool_power(base, exponent);
  return binary<Pow>(node_name, pow_gradient, Saves::inputs_and_output, base, exponent);
}
/// The same for a number, outside the graph.
Tensor power(const Tensor& base, Scalar exponent) {
  const NoGrad no_grad;
  const Tensor simple = simple_power(base, exponent.floating);
  return simple.defined() ? simple : power("", base, beside(base, exponent));
}

}  // namespace

Tensor add(const Tensor& a, const Tensor& b) { return binary<Add>("AddBackward0", add_gradient, Saves::nothing, a, b); }
Tensor sub(const Tensor& a, const Tensor& b) {
  check_subtraction(a, b);
  return binary<Sub>("SubBackward0", sub_gradient, Saves::nothing, a, b);
}
Tensor mul(const Tensor& a, const Tensor& b) { return binary<Mul>("MulBackward0", mul_gradient, Saves::factors, a, b); }
Tensor div(const Tensor& a, const Tensor& b) { return binary<Div>("DivBackward0", div_gradient, Saves::factors, a, b); }
Tensor maximum(const Tensor& a, const Tensor& b) {
  return binary<Maximum>("MaximumBackward0", extreme_gradient<lt>, Saves::inputs, a, b);
}
Tensor minimum(const Tensor& a, const Tensor& b) {
  return binary<Minimum>("MinimumBackward0", extreme_gradient<gt>, Saves::inputs, a, b);
}

Tensor pow(const Tensor& base, const Tensor& exponent) { return power("PowBackward1", base, exponent); }
Tensor pow(const Tensor& base, Scalar exponent) {
  check_exponent(base, exponent);
  if (base.dtype() == DType::boolean && exponent.is_boolean) return exponent.integer ? base.clone() : ones_like(base);
  if (!is_floating_point(base.dtype())) return pow(base, beside(base, exponent));
  Tensor y = power(base, exponent);
  if (Node* node = record(y, "PowBackward0", power_gradient, {&base})) {
    node->save(base);
    node->set_attributes(Exponent{exponent.floating});
  }
  return y;
}
Tensor pow(Scalar base, const Tensor& exponent) { return power("PowBackward2", beside(exponent, base), exponent); }

const Tensor& Tensor::add_(const Tensor& b) const {
  return binary_inplace<Add>("AddBackward0", add_gradient, Saves::nothing, *this, b);
}
const Tensor& Tensor::sub_(const Tensor& b) const {
  check_subtraction(*this, b);
  return binary_inplace<Sub>("SubBackward0", sub_gradient, Saves::nothing, *this, b);
}
const Tensor& Tensor::mul_(const Tensor& b) const {
  return binary_inplace<Mul>("MulBackward0", mul_gradient, Saves::factors, *this, b);
}
const Tensor& Tensor::div_(const Tensor& b) const {
  return binary_inplace<Div>("DivBackward0", div_gradient, Saves::factors, *this, b);
}
const Tensor& Tensor::pow_(const Tensor& b) const {
  check_no_bool_power(*this, b);
  return binary_inplace<Pow>("PowBackward1", pow_gradient, Saves::inputs_and_output, *this, b);
}
const Tensor& Tensor::add_(Scalar b) const { return add_(beside(*this, b)); }
const Tensor& Tensor::sub_(Scalar b) const { return sub_(subtrahend(*this, b)); }
const Tensor& Tensor::mul_(Scalar b) const { return mul_(beside(*this, b)); }
const Tensor& Tensor::div_(Scalar b) const { return div_(divisor(*this, b)); }
const Tensor& Tensor::pow_(Scalar b) const {
  check_exponent(*this, b);
  if (dtype() == DType::boolean && b.is_boolean) return b.integer ? *this : fill_(true);
  if (!is_floating_point(dtype())) return pow_(beside(*this, b));
  check_inplace(*this);
  const Tensor before = thread_state.grad_enabled && records(*this) ? detach().clone() : Tensor();
  const Tensor y = power(*this, b);
  dispatch(Operation::copy, dtype(), {this, &y});
  impl_->storage->bump_version();
  if (Node* node = record_inplace(*this, "PowBackward0", power_gradient, {this})) {
    node->save(before);
    node->set_attributes(Exponent{b.floating});
  }
  return *this;
}

Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
Tensor operator+(const Tensor& a, Scalar b) { return add(a, beside(a, b)); }
Tensor operator-(const Tensor& a, Scalar b) { return sub(a, subtrahend(a, b)); }
Tensor operator*(const Tensor& a, Scalar b) { return mul(a, beside(a, b)); }
Tensor operator/(const Tensor& a, Scalar b) { return div(a, divisor(a, b)); }
Tensor operator+(Scalar a, const Tensor& b) { return add(beside(b, a), b); }
Tensor operator-(Scalar a, const Tensor& b) {
  return binary<Sub>("RsubBackward1", sub_gradient, Saves::nothing, subtrahend(b, a), b);
}
Tensor operator*(Scalar a, const Tensor& b) { return mul(b, beside(b, a)); }
/// One division, though PyTorch multiplies with the reciprocal, and names the node so.
Tensor operator/(Scalar a, const Tensor& b) {
  return binary<Div>("MulBackward0", div_gradient, Saves::factors, divisor(b, a), b);
}

}  // namespace cairn
