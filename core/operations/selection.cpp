// Comparisons, and what chooses by them: where, masked_fill, clamp.

#include <limits>

#include <cairn/core/autograd.h>
#include <cairn/core/elementwise.h>
#include <cairn/core/operations/promotion.h>

#include <cairn/core/dispatch.h>

namespace cairn {
namespace {

/// A bool for each pair; whole numbers are compared as int64.
template <class Op>
Tensor compare(const Tensor& a, const Tensor& b) {
  const DType computed = computed_dtype(result_dtype(a, b));
  const Device device = common_device(a, b);
  const Tensor left = operand(a, computed, device), right = operand(b, computed, device);
  const Tensor y = make_tensor(common_shape(a, b), DType::boolean, device);
  dispatch(Op::forward, computed, {&y, &left, &right});
  return y;
}

void where_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const Tensor& condition = node.saved(0);
  if (node.needs(1)) gradients[1] = where(condition, g, 0);
  if (node.needs(2)) gradients[2] = where(condition, 0, g);
}

/// y ← condition ? a : b, for numbers of `dtype` that are computed with as `computed`.
void choose(const Tensor& y, const Tensor& condition, const Tensor& a, const Tensor& b) {
  dispatch(Operation::where, y.dtype(), {&y, &condition, &a, &b});
}

void masked_fill_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  if (node.needs(0)) gradients[0] = masked_fill(g, node.saved(0), 0);
  if (node.needs(1)) gradients[1] = sum(where(node.saved(0), g, 0));
}

void check_mask(const Tensor& x, const Tensor& mask, const Tensor& value) {
  check<DTypeError>(mask.dtype() == DType::boolean,
                    "masked_fill_ only supports boolean masks, but got mask with dtype ", name(mask.dtype()));
  check<ShapeError>(value.dim() == 0, "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with ",
                    value.dim(), " dimension(s).");
  check<DTypeError>(category(value.dtype()) <= category(x.dtype()) || x.dtype() != DType::boolean,
                    "value cannot be converted to type bool without overflow");
}

/// The value as a number of the tensor's dtype: masked_fill takes the tensor's, whatever the value is.
Tensor value_for(const Tensor& x, const Tensor& value) { return operand(value, computed_dtype(x.dtype()), x.device()); }

/// g where low <= x <= high.
void clamp_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const Tensor &x = node.saved(0), &low = node.saved(1), &high = node.saved(2);
  Tensor above = low.defined() ? x >= low : Tensor(), below = high.defined() ? x <= high : Tensor();
  if (node.needs(0)) {
    const Tensor inside = !above.defined() ? below : !below.defined() ? above : logical_and(above, below);
    gradients[0] = where(inside, g, 0);
  }
  if (node.needs(1)) gradients[1] = where(high.defined() ? logical_and(x < low, low < high) : x < low, g, 0);
  if (node.needs(2)) gradients[2] = where(low.defined() ? logical_or(x > high, high < low) : x > high, g, 0);
}

/// A bound that lets everything through, of the dtype that is computed in.
Tensor no_bound(DType computed, Device device, bool low) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  using Whole = std::numeric_limits<std::int64_t>;
  const Scalar bound =
      computed == DType::int64 ? Scalar(low ? Whole::min() : Whole::max()) : Scalar(low ? -infinity : infinity);
  return scalar_tensor(bound, {.dtype = computed, .device = device});
}

void check_bounds(bool some) {
  check<ValueError>(some, "torch.clamp: At least one of 'min' or 'max' must not be None");
}

Tensor clamped(const char* node_name, const Tensor& x, const Tensor& low, const Tensor& high) {
  check_bounds(low.defined() || high.defined());
  DType dtype = x.dtype();
  Shape shape = x.shape();
  for (const Tensor* bound : {&low, &high}) {
    if (!bound->defined()) continue;
    dtype = result_dtype(dtype, shape.rank() == 0, bound->dtype(), bound->dim() == 0);
    shape = broadcast_shapes(shape, bound->shape());
  }
  check<DTypeError>(dtype != DType::boolean, "\"clamp\" not implemented for 'Bool'");
  const DType computed = computed_dtype(dtype);
  const Tensor input = operand(x, computed, x.device());
  const Tensor from = low.defined() ? operand(low, computed, x.device()) : Tensor();
  const Tensor to = high.defined() ? operand(high, computed, x.device()) : Tensor();
  const Tensor lower = from.defined() ? from : no_bound(computed, x.device(), true);
  const Tensor upper = to.defined() ? to : no_bound(computed, x.device(), false);
  Tensor y = make_tensor(shape, computed, x.device());
  dispatch(Operation::clamp, computed, {&y, &input, &lower, &upper});
  if (dtype != computed) return y.to(dtype);
  if (Node* node = record(y, node_name, clamp_gradient, {&input, &from, &to})) {
    node->save(input);
    node->save(from);
    node->save(to);
  }
  return y;
}

Tensor bound_beside(const Tensor& x, const std::optional<Scalar>& bound) {
  return bound ? beside(x, *bound) : Tensor();
}

}  // namespace

Tensor eq(const Tensor& a, const Tensor& b) { return compare<Eq>(a, b); }
Tensor ne(const Tensor& a, const Tensor& b) { return compare<Ne>(a, b); }
Tensor lt(const Tensor& a, const Tensor& b) { return compare<Lt>(a, b); }
Tensor le(const Tensor& a, const Tensor& b) { return compare<Le>(a, b); }
Tensor gt(const Tensor& a, const Tensor& b) { return compare<Gt>(a, b); }
Tensor ge(const Tensor& a, const Tensor& b) { return compare<Ge>(a, b); }
Tensor eq(const Tensor& a, Scalar b) { return eq(a, beside(a, b)); }
Tensor ne(const Tensor& a, Scalar b) { return ne(a, beside(a, b)); }
Tensor lt(const Tensor& a, Scalar b) { return lt(a, beside(a, b)); }
Tensor le(const Tensor& a, Scalar b) { return le(a, beside(a, b)); }
Tensor gt(const Tensor& a, Scalar b) { return gt(a, beside(a, b)); }
Tensor ge(const Tensor& a, Scalar b) { return ge(a, beside(a, b)); }
Tensor logical_and(const Tensor& a, const Tensor& b) { return compare<LogicalAnd>(a, b); }
Tensor logical_or(const Tensor& a, const Tensor& b) { return compare<LogicalOr>(a, b); }
Tensor logical_xor(const Tensor& a, const Tensor& b) { return compare<LogicalXor>(a, b); }
Tensor logical_not(const Tensor& x) { return eq(x, 0); }

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  check<DTypeError>(condition.dtype() == DType::boolean,
                    "where expected condition to be a boolean tensor, but got a tensor with dtype ",
                    scalar_type_name(condition.dtype()));
  const DType dtype = result_dtype(a, b), computed = computed_dtype(dtype);
  Shape shape = common_shape(a, b);
  if (!(shape == condition.shape())) shape = broadcast_shapes(condition.shape(), shape);
  const Device device = condition.dim() == 0 && condition.device().is_cpu() ? common_device(a, b) : condition.device();
  const Tensor chooses = operand(condition, DType::boolean, device);
  const Tensor left = operand(a, computed, device), right = operand(b, computed, device);
  Tensor y = make_tensor(shape, computed, device);
  choose(y, chooses, left, right);
  if (dtype != computed) return y.to(dtype);
  if (Node* node = record(y, "WhereBackward0", where_gradient, {nullptr, &left, &right})) node->save(chooses);
  return y;
}
Tensor where(const Tensor& condition, const Tensor& a, Scalar b) { return where(condition, a, beside(a, b)); }
Tensor where(const Tensor& condition, Scalar a, const Tensor& b) { return where(condition, beside(b, a), b); }

Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value) {
  check_mask(x, mask, value);
  const DType computed = computed_dtype(x.dtype());
  const Tensor numbers = operand(x, computed, x.device()), filling = value_for(x, value);
  Tensor y = make_tensor(common_shape(x, mask), computed, x.device());
  choose(y, mask, filling, numbers);
  if (x.dtype() != computed) return y.to(x.dtype());
  if (Node* node = record(y, "MaskedFillBackward0", masked_fill_gradient, {&numbers, &filling})) node->save(mask);
  return y;
}
Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value) { return masked_fill(x, mask, beside(x, value)); }

const Tensor& Tensor::masked_fill_(const Tensor& mask, const Tensor& value) const {
  check_inplace(*this, {&mask});
  check_mask(*this, mask, value);
  check_result_fits(*this, dtype(), common_shape(*this, mask));
  if (computed_dtype(dtype()) != dtype()) return copy_(masked_fill(*this, mask, value));
  const Tensor filling = value_for(*this, value);
  choose(*this, mask, filling, *this);
  impl_->storage->bump_version();
  if (Node* node = record_inplace(*this, "MaskedFillBackward0", masked_fill_gradient, {this, &filling}))
    node->save(mask);
  return *this;
}
const Tensor& Tensor::masked_fill_(const Tensor& mask, Scalar value) const {
  return masked_fill_(mask, beside(*this, value));
}

Tensor clamp(const Tensor& x, std::optional<Scalar> min, std::optional<Scalar> max) {
  return clamped("ClampBackward1", x, bound_beside(x, min), bound_beside(x, max));
}
Tensor clamp(const Tensor& x, const Tensor& min, const Tensor& max) { return clamped("ClampBackward0", x, min, max); }

const Tensor& Tensor::clamp_(std::optional<Scalar> min, std::optional<Scalar> max) const {
  return clamp_(bound_beside(*this, min), bound_beside(*this, max));
}
const Tensor& Tensor::clamp_(const Tensor& min, const Tensor& max) const {
  check_inplace(*this);
  check_bounds(min.defined() || max.defined());
  for (const Tensor* bound : {&min, &max})
    if (bound->defined()) check_result_fits(*this, result_dtype(*this, *bound), common_shape(*this, *bound));
  const bool recording = thread_state.grad_enabled &&
                         (records(*this) || (min.defined() && records(min)) || (max.defined() && records(max)));
  const Tensor before = recording ? detach().clone() : Tensor();
  {
    const NoGrad no_grad;
    const Tensor y = clamp(*this, min, max);
    copy_(y);
  }
  if (Node* node = record_inplace(*this, "ClampBackward0", clamp_gradient, {this, &min, &max})) {
    node->save(before);
    node->save(min);
    node->save(max);
  }
  return *this;
}

Tensor operator==(const Tensor& a, const Tensor& b) { return eq(a, b); }
Tensor operator!=(const Tensor& a, const Tensor& b) { return ne(a, b); }
Tensor operator<(const Tensor& a, const Tensor& b) { return lt(a, b); }
Tensor operator<=(const Tensor& a, const Tensor& b) { return le(a, b); }
Tensor operator>(const Tensor& a, const Tensor& b) { return gt(a, b); }
Tensor operator>=(const Tensor& a, const Tensor& b) { return ge(a, b); }
Tensor operator==(const Tensor& a, Scalar b) { return eq(a, b); }
Tensor operator!=(const Tensor& a, Scalar b) { return ne(a, b); }
Tensor operator<(const Tensor& a, Scalar b) { return lt(a, b); }
Tensor operator<=(const Tensor& a, Scalar b) { return le(a, b); }
Tensor operator>(const Tensor& a, Scalar b) { return gt(a, b); }
Tensor operator>=(const Tensor& a, Scalar b) { return ge(a, b); }

}  // namespace cairn
