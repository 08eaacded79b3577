// Elementwise operations of one input in front of their kernels, and in place.

#include <cairn/core/dispatch.h>
#include <cairn/core/elementwise.h>
#include <cairn/core/operations/promotion.h>

namespace cairn {
namespace {

template <class Op>
DType unary_dtype(DType given) {
  return is_whole_number(given) && !Op::takes_integers ? DType::float32 : given;
}

/// The slope's tensor is saved: x, y or none, in which case the gradient stands in for it.
template <class Op>
void unary_gradient(Node& node, const Tensor& gradient, Tensor* gradients) {
  const Tensor& v = Op::slope_is == Slope::constant ? gradient : node.saved(0);
  const TensorImpl& given = *gradient.impl();
  gradients[0] = is_ours(gradient) ? gradient : make_tensor(given.shape, given.dtype, given.device);
  dispatch(Op::backward, given.dtype, {&gradients[0], &gradient, &v});
}

template <class Op>
Tensor unary(const char* node_name, const Tensor& x) {
  check<ValueError>(x.defined(), name(Op::forward), ": the input is undefined");
  const TensorImpl& input = *x.impl();
  const DType result = unary_dtype<Op>(input.dtype), computed = computed_dtype(result);
  if (computed != input.dtype) return unary<Op>(node_name, x.to(computed)).to(result);
  Tensor y = make_tensor(input.shape, input.dtype, input.device);
  dispatch(Op::forward, input.dtype, {&y, &x});
  if (Node* node = record(y, node_name, unary_gradient<Op>, {&x})) {
    if (Op::slope_is == Slope::of_input) node->save(x);
    if (Op::slope_is == Slope::of_output) node->save_output(y);
  }
  return y;
}

template <class Op>
const Tensor& unary_inplace(const char* node_name, const Tensor& x) {
  check_inplace(x);
  if (is_whole_number(x.dtype())) {
    check_result_fits(x, unary_dtype<Op>(x.dtype()), x.shape());
    return x.copy_(unary<Op>(node_name, x));
  }
  const bool keeps_input = Op::slope_is == Slope::of_input && thread_state.grad_enabled && records(x);
  const Tensor before = keeps_input ? x.detach().clone() : Tensor();
  dispatch(Op::forward, x.dtype(), {&x, &x});
  x.impl()->storage->bump_version();
  if (Node* node = record_inplace(x, node_name, unary_gradient<Op>, {&x})) {
    if (Op::slope_is == Slope::of_input) node->save(before);
    if (Op::slope_is == Slope::of_output) node->save_output(x);
  }
  return x;
}

const Tensor& no_bool(const Tensor& x, const char* message) {
  check<DTypeError>(x.dtype() != DType::boolean, message);
  return x;
}
constexpr const char* no_negation =
    "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the `~` or "
    "`logical_not()` operator instead.";
constexpr const char* no_magnitude = "\"abs_cpu\" not implemented for 'Bool'";
constexpr const char* no_relu = "Boolean inputs not supported for relu";

}  // namespace

Tensor neg(const Tensor& x) { return unary<Neg>("NegBackward0", no_bool(x, no_negation)); }
Tensor abs(const Tensor& x) { return unary<Abs>("AbsBackward0", no_bool(x, no_magnitude)); }
Tensor exp(const Tensor& x) { return unary<Exp>("ExpBackward0", x); }
Tensor log(const Tensor& x) { return unary<Log>("LogBackward0", x); }
Tensor sqrt(const Tensor& x) { return unary<Sqrt>("SqrtBackward0", x); }
Tensor rsqrt(const Tensor& x) { return unary<Rsqrt>("RsqrtBackward0", x); }
Tensor tanh(const Tensor& x) { return unary<Tanh>("TanhBackward0", x); }
Tensor sigmoid(const Tensor& x) { return unary<Sigmoid>("SigmoidBackward0", x); }
Tensor erf(const Tensor& x) { return unary<Erf>("ErfBackward0", x); }
Tensor relu(const Tensor& x) { return unary<Relu>("ReluBackward0", no_bool(x, no_relu)); }
Tensor gelu(const Tensor& x, GeluApproximate approximate) {
  check_floating(x.dtype(), "GeluKernelImpl");
  return approximate == GeluApproximate::tanh ? unary<GeluTanh>("GeluBackward0", x) : unary<Gelu>("GeluBackward0", x);
}

Tensor operator-(const Tensor& x) { return neg(x); }

const Tensor& Tensor::neg_() const { return unary_inplace<Neg>("NegBackward0", no_bool(*this, no_negation)); }
const Tensor& Tensor::abs_() const { return unary_inplace<Abs>("AbsBackward0", no_bool(*this, no_magnitude)); }
const Tensor& Tensor::exp_() const { return unary_inplace<Exp>("ExpBackward0", *this); }
const Tensor& Tensor::log_() const { return unary_inplace<Log>("LogBackward0", *this); }
const Tensor& Tensor::sqrt_() const { return unary_inplace<Sqrt>("SqrtBackward0", *this); }
const Tensor& Tensor::rsqrt_() const { return unary_inplace<Rsqrt>("RsqrtBackward0", *this); }
const Tensor& Tensor::tanh_() const { return unary_inplace<Tanh>("TanhBackward0", *this); }
const Tensor& Tensor::sigmoid_() const { return unary_inplace<Sigmoid>("SigmoidBackward0", *this); }
const Tensor& Tensor::erf_() const { return unary_inplace<Erf>("ErfBackward0", *this); }
const Tensor& Tensor::relu_() const { return unary_inplace<Relu>("ReluBackward0", no_bool(*this, no_relu)); }

}  // namespace cairn
