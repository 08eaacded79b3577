// Comparisons, and what chooses by them: where, masked_fill, clamp.

#include <limits>

#include <cairn/core/autograd.h>
#include <cairn/core/dispatch.h>
#include <cairn/core/elementwise.h>
#include <cairn/core/operations/promotion.h>

namespace cairn {
namespace {

/// A bool for each pair; whole numbers are compared as int64.
template <class Op>
Tensor compare(const Tensor& a, const Tensor& b) {
  const DType dtype = result_dtype(a, b);
  const Device device = common_device(a, b);
  const Tensor left = operand(a, dtype, device), right = operand(b, dtype, device);
  const Tensor y = make_tensor(common_shape(a, b), DType::boolean, device);
  dispatch(Op::forward, computed_dtype(dtype), {&y, &left, &right});
  return y;
}

void where_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const Tensor& condition = node.saved(0);
  if (node.needs(1)) gradients[1] = where(condition, g, 0);
  if (node.needs(2)) gradients[2] = where(condition, 0, g);
}

/// y ← condition ? a : b, all as the kernel wants them.
void choose(const Tensor& y, const Tensor& condition, const Tensor& a, const Tensor& b) {
  dispatch(Operation::where, y.dtype(), {&y, &condition, &a, &b});
}

void masked_fill_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  if (node.needs(0)) gradients[0] = masked_fill(g, node.saved(0), 0);
  if (node.needs(1)) gradients[1] = sum(where(node.saved(0), g, 0));
}

void check_mask(const Tensor& mask, const Tensor& value) {
  check<DTypeError>(mask.dtype() == DType::boolean,
                    "masked_fill_ only supports boolean masks, but got mask with dtype ", native_name(mask.dtype()));
  check<ShapeError>(value.dim() == 0, "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with ",
                    value.dim(), " dimension(s).");
}

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

/// What x is clamped between. Numbers are compared as they are, and give no dtype but by their category; tensors are
/// converted first.
struct Bounds {
  Tensor low, high;
  bool numbers;

  Bounds(const Tensor& low, const Tensor& high) : low(low), high(high), numbers(false) {}
  Bounds(const Tensor& x, const std::optional<Scalar>& low, const std::optional<Scalar>& high)
      : low(of(x, low)), high(of(x, high)), numbers(true) {}

  static Tensor of(const Tensor& x, const std::optional<Scalar>& number) {
    const bool whole = number && number->is_integer && is_whole_number(x.dtype());
    if (whole && !number->is_boolean) return scalar_tensor(*number, {.dtype = DType::int64, .device = x.device()});
    return number ? beside(x, *number) : Tensor();
  }
  const char* node_name() const { return numbers ? "ClampBackward1" : "ClampBackward0"; }
};

/// The dtype and the shape of the result.
std::pair<DType, Shape> clamped_form(const Tensor& x, const Bounds& bounds) {
  check<ValueError>(bounds.low.defined() || bounds.high.defined(),
                    "torch.clamp: At least one of 'min' or 'max' must not be None");
  DType dtype = x.dtype();
  Shape shape = x.shape();
  for (const Tensor* bound : {&bounds.low, &bounds.high}) {
    if (!bound->defined()) continue;
    dtype = result_dtype(dtype, !bounds.numbers && shape.rank() == 0, bound->dtype(), bound->dim() == 0);
    shape = broadcast_shapes(shape, bound->shape());
  }
  check<DTypeError>(dtype != DType::boolean || !bounds.low.defined() || !bounds.high.defined(),
                    "\"clamp_cpu\" not implemented for 'Bool'");
  return {dtype, shape};
}

Tensor clamped(const Tensor& x, const Bounds& bounds) {
  const auto [dtype, shape] = clamped_form(x, bounds);
  const DType computed = computed_dtype(dtype), compared = bounds.numbers ? computed : dtype;
  const Device device = x.device();
  const Tensor input = operand(x, dtype, device);
  const Tensor from = bounds.low.defined() ? operand(bounds.low, compared, device) : Tensor();
  const Tensor to = bounds.high.defined() ? operand(bounds.high, compared, device) : Tensor();
  const Tensor lower = from.defined() ? from : no_bound(computed, device, true);
  const Tensor upper = to.defined() ? to : no_bound(computed, device, false);
  Tensor y = make_tensor(shape, computed, device);
  dispatch(Operation::clamp, computed, {&y, &input, &lower, &upper});
  if (dtype != computed) return y.to(dtype);
  if (Node* node = record(y, bounds.node_name(), clamp_gradient, {&input, &from, &to})) {
    node->save(input);
    node->save(from);
    node->save(to);
  }
  return y;
}

const Tensor& clamp_inplace(const Tensor& x, const Bounds& bounds) {
  check_inplace(x, {&bounds.low, &bounds.high});
  const auto [dtype, shape] = clamped_form(x, bounds);
  if (bounds.numbers && category(dtype) > category(x.dtype()))
    throw DTypeError(text("result type ", scalar_type_name(dtype), " can't be cast to the desired output type ",
                          native_name(x.dtype())));
  check_result_fits(x, dtype, shape);
  const Tensor &low = bounds.low, &high = bounds.high;
  const bool recording =
      thread_state.grad_enabled && (records(x) || (low.defined() && records(low)) || (high.defined() && records(high)));
  const Tensor before = recording ? x.detach().clone() : Tensor();
  {
    const NoGrad no_grad;
    const Tensor y = clamped(x.detach(), bounds);
    x.detach().copy_(y);
  }
  if (Node* node = record_inplace(x, bounds.node_name(), clamp_gradient, {&x, &low, &high})) {
    node->save(before);
    node->save(low);
    node->save(high);
  }
  return x;
}

// A number that fills is of the tensor's dtype, and has its own node: there is no gradient but the tensor's.
constexpr const char* filled_with_number = "MaskedFillBackward0";
constexpr const char* filled_with_tensor = "MaskedFillBackward1";

Tensor number_filling(const Tensor& x, Scalar value) {
  check_number_fits(value, x.dtype());
  return beside(x, value);
}

/// A tensor's number must fit, too, where it can be seen at once.
void check_filling(const Tensor& x, const Tensor& value) {
  if (is_whole_number(x.dtype()) && is_floating_point(value.dtype()) && value.device().is_cpu())
    check_number_fits(value.item(), x.dtype());
}

Tensor filled(const char* node_name, const Tensor& x, const Tensor& mask, const Tensor& value) {
  check_mask(mask, value);
  check_filling(x, value);
  const DType dtype = x.dtype(), computed = computed_dtype(dtype);
  const Tensor numbers = operand(x, dtype, x.device()), filling = operand(value, dtype, x.device());
  Tensor y = make_tensor(common_shape(mask, x), computed, x.device());
  choose(y, mask, filling, numbers);
  if (dtype != computed) return y.to(dtype);
  if (Node* node = record(y, node_name, masked_fill_gradient, {&numbers, &filling})) node->save(mask);
  return y;
}

const Tensor& fill_inplace(const char* node_name, const Tensor& x, const Tensor& mask, const Tensor& value) {
  check_inplace(x, {&mask, &value});
  check_mask(mask, value);
  check_filling(x, value);
  check_result_fits(x, x.dtype(), common_shape(x, mask));
  if (computed_dtype(x.dtype()) != x.dtype()) return x.copy_(filled(node_name, x, mask, value));
  const Tensor filling = operand(value, x.dtype(), x.device());
  choose(x, mask, filling, x);
  x.impl()->storage->bump_version();
  if (Node* node = record_inplace(x, node_name, masked_fill_gradient, {&x, &filling})) node->save(mask);
  return x;
}

/// A condition of bytes is taken for one of truths, as PyTorch still does.
Tensor condition_of(const Tensor& given) {
  check<DTypeError>(given.dtype() == DType::boolean || given.dtype() == DType::uint8,
                    "where expected condition to be a boolean tensor, but got a tensor with dtype ",
                    scalar_type_name(given.dtype()));
  return given.detach().to(DType::boolean);
}

/// The number that `where` chooses beside whole numbers must be one of them.
Tensor choice_beside(const Tensor& x, Scalar value) {
  if (is_whole_number(x.dtype()) && x.dtype() != DType::boolean && value.is_integer)
    check_number_fits(value, x.dtype());
  return beside(x, value);
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

Tensor where(const Tensor& given, const Tensor& a, const Tensor& b) {
  const Tensor condition = condition_of(given);
  const DType dtype = result_dtype(a, b), computed = computed_dtype(dtype);
  Shape shape = common_shape(condition, a);
  if (!(shape == b.shape())) shape = broadcast_shapes(shape, b.shape());
  const Device device = condition.dim() == 0 && condition.device().is_cpu() ? common_device(a, b) : condition.device();
  const Tensor chooses = condition.dim() == 0 ? condition.to(device) : condition;
  const Tensor left = operand(a, dtype, device), right = operand(b, dtype, device);
  Tensor y = make_tensor(shape, computed, device);
  choose(y, chooses, left, right);
  if (dtype != computed) return y.to(dtype);
  if (Node* node = record(y, "WhereBackward0", where_gradient, {nullptr, &left, &right})) node->save(chooses);
  return y;
}
Tensor where(const Tensor& condition, const Tensor& a, Scalar b) { return where(condition, a, choice_beside(a, b)); }
Tensor where(const Tensor& condition, Scalar a, const Tensor& b) { return where(condition, choice_beside(b, a), b); }

Tensor masked_fill(const Tensor& x, const Tensor& mask, const Tensor& value) {
  return filled(filled_with_tensor, x, mask, value);
}
Tensor masked_fill(const Tensor& x, const Tensor& mask, Scalar value) {
  return filled(filled_with_number, x, mask, number_filling(x, value));
}
const Tensor& Tensor::masked_fill_(const Tensor& mask, const Tensor& value) const {
  return fill_inplace(filled_with_tensor, *this, mask, value);
}
const Tensor& Tensor::masked_fill_(const Tensor& mask, Scalar value) const {
  return fill_inplace(filled_with_number, *this, mask, number_filling(*this, value));
}

Tensor clamp(const Tensor& x, std::optional<Scalar> min, std::optional<Scalar> max) {
  return clamped(x, {x, min, max});
}
Tensor clamp(const Tensor& x, const Tensor& min, const Tensor& max) { return clamped(x, {min, max}); }
const Tensor& Tensor::clamp_(std::optional<Scalar> min, std::optional<Scalar> max) const {
  return clamp_inplace(*this, {*this, min, max});
}
const Tensor& Tensor::clamp_(const Tensor& min, const Tensor& max) const { return clamp_inplace(*this, {min, max}); }

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
