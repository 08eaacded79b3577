// Sums and extremes over chosen dimensions.

#include <bit>

#include <cairn/core/attributes.h>
#include <cairn/core/dispatch.h>
#include <cairn/core/operations/promotion.h>
#include <cairn/core/operations/reduced_dims.h>

namespace cairn {

ReducedDims reduced_dims(const Tensor& x, const Shape& dims) {
  if (dims.empty()) return x.dim() == Shape::max_rank ? ~ReducedDims{0} : (ReducedDims{1} << x.dim()) - 1;
  ReducedDims bits = 0;
  for (const std::int64_t dim : dims) {
    const int d = wrap_dim(dim, x.dim());
    check<ShapeError>(!(bits >> d & 1), "dim ", d, " appears multiple times in the list of dims");
    bits |= ReducedDims{1} << d;
  }
  return x.dim() == 0 ? 0 : bits;
}

std::int64_t reduced_count(const Tensor& x, ReducedDims dims) {
  std::int64_t count = 1;
  for (int i = 0; i < x.dim(); ++i)
    if (dims >> i & 1) count *= x.shape()[i];
  return count;
}

Shape reduced_shape(const Shape& shape, ReducedDims dims, bool keepdim) {
  Shape result;
  for (int i = 0; i < shape.rank(); ++i) {
    if (!(dims >> i & 1))
      result.push_back(shape[i]);
    else if (keepdim)
      result.push_back(1);
  }
  return result;
}

Tensor reduced_last(const Tensor& x, ReducedDims dims) {
  Shape order;
  for (int i = 0; i < x.dim(); ++i)
    if (!(dims >> i & 1)) order.push_back(i);
  for (int i = 0; i < x.dim(); ++i)
    if (dims >> i & 1) order.push_back(i);
  return x.detach().permute(order);
}

Tensor with_kept_dims(const Tensor& reduced, const Shape& shape, ReducedDims dims) {
  return reduced.dim() == shape.rank() ? reduced : reduced.reshape(reduced_shape(shape, dims, true));
}

namespace {

/// The operation over the dimensions, outside the graph.
Tensor run_reduction(Operation operation, const Tensor& x, ReducedDims dims, bool keepdim, double divisor = 1) {
  const Tensor arranged = reduced_last(x, dims);
  Tensor y = make_tensor(reduced_shape(x.shape(), dims, keepdim), x.dtype(), x.device());
  dispatch(operation, x.dtype(), {&y, &arranged}, ReduceAttributes{std::popcount(dims), divisor});
  return y;
}

void sum_gradient(Node& node, const Tensor& gradient, Tensor* gradients) {
  const auto reduced = node.attributes<Reduced>();
  const Shape& shape = node.input_shape(0);
  const Tensor kept = with_kept_dims(gradient, shape, reduced.dims);
  gradients[0] = (reduced.number == 1 ? kept : kept / reduced.number).expand(shape);
}

Tensor divided_sum(const char* node_name, const Tensor& x, ReducedDims dims, bool keepdim, double divisor) {
  Tensor y = run_reduction(Operation::sum, x, dims, keepdim, divisor);
  if (Node* node = record(y, node_name, sum_gradient, {&x})) node->set_attributes(Reduced{dims, divisor});
  return y;
}

// Extremes.

/// What distinguishes the largest from the smallest.
struct Extreme {
  Operation value, place;
  const char *name, *place_name;  // as texts call them
  const char *full_node, *place_node, *several_node;
};
constexpr Extreme largest{Operation::amax, Operation::argmax, "max",          "argmax",
                          "MaxBackward1",  "MaxBackward0",    "AmaxBackward0"};
constexpr Extreme smallest{Operation::amin, Operation::argmin, "min",          "argmin",
                           "MinBackward1",  "MinBackward0",    "AminBackward0"};

void check_not_empty(const Tensor& x, ReducedDims dims, bool all, const char* function) {
  if (x.numel() > 0) return;
  check<IndexError>(!all, function,
                    "(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with "
                    "the 'dim' argument.");
  for (int d = 0; d < x.dim(); ++d)
    check<IndexError>(!(dims >> d & 1) || x.shape()[d] > 0, function, "(): Expected reduction dim ", d,
                      " to have non-zero size.");
}

/// To the elements that equal the extreme, in equal parts. NaN equals nothing, and its gradient is NaN, as in PyTorch.
void shared_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const ReducedDims dims = node.attributes<Reduced>().dims;
  const Tensor& x = node.saved(0);
  Shape over;
  for (int d = 0; d < x.dim(); ++d)
    if (dims >> d & 1) over.push_back(d);
  const Tensor weights = (x == with_kept_dims(node.saved(1), x.shape(), dims)).to(g.dtype());
  const Tensor ties = over.empty() ? weights : sum(weights, over, true);
  gradients[0] = with_kept_dims(g, x.shape(), dims) * weights / ties;
}

/// The same of all elements, where NaN has its place, too.
void shared_gradient_of_all(Node& node, const Tensor& g, Tensor* gradients) {
  const Tensor &x = node.saved(0), &extreme = node.saved(1);
  const Tensor equal = logical_or(x == extreme, logical_and(x != x, extreme != extreme));
  gradients[0] = where(equal, g / sum(equal).to(g.dtype()), 0);
}

Tensor extreme(const Extreme& which, const char* node_name, GradientFunction gradient, const Tensor& x,
               ReducedDims dims, bool keepdim) {
  const DType computed = computed_dtype(x.dtype());
  const Tensor numbers = x.to(computed);
  Tensor y = run_reduction(which.value, numbers, dims, keepdim);
  if (x.dtype() != computed) return y.to(x.dtype());
  if (Node* node = record(y, node_name, gradient, {&x})) {
    node->save(x);
    node->save_output(y);
    node->set_attributes(Reduced{dims, 0});
  }
  return y;
}

Tensor extreme_of_all(const Extreme& which, const Tensor& x) {
  const ReducedDims dims = reduced_dims(x, {});
  check_not_empty(x, dims, true, which.name);
  return extreme(which, which.full_node, shared_gradient_of_all, x, dims, false);
}

Tensor extreme_over(const Extreme& which, const Tensor& x, const Shape& given, bool keepdim) {
  const ReducedDims dims = reduced_dims(x, given);
  check_not_empty(x, dims, given.empty(), which.value == Operation::amax ? "amax" : "amin");
  return extreme(which, which.several_node, shared_gradient, x, dims, keepdim);
}

Tensor place(const Extreme& which, const Tensor& x, int dim, bool keepdim, const char* function) {
  const int d = wrap_dim(dim, x.dim());
  const ReducedDims dims = x.dim() == 0 ? 0 : ReducedDims{1} << d;
  check_not_empty(x, dims, false, function);
  Tensor y = make_tensor(reduced_shape(x.shape(), dims, keepdim), DType::int64, x.device());
  const Tensor numbers = x.detach().to(computed_dtype(x.dtype()));
  const Tensor arranged = x.dim() == 0 ? numbers.view({1}) : reduced_last(numbers, dims);
  dispatch(which.place, arranged.dtype(), {&y, &arranged});
  return y;
}

void check_no_bool(const Extreme& which, const Tensor& x) {
  check<DTypeError>(x.dtype() != DType::boolean, which.place_name, "(): does not support bool input");
}

Tensor place_of_all(const Extreme& which, const Tensor& x) {
  check_no_bool(which, x);
  check<IndexError>(x.numel() > 0, which.place_name,
                    "(): Expected reduction dim to be specified for input.numel() == 0.");
  return place(which, x.detach().reshape({-1}), 0, false, which.place_name);
}

/// To the place that was found.
void place_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const Shape& shape = node.input_shape(0);
  const auto dims = node.attributes<Reduced>();
  gradients[0] = zeros(shape, {.dtype = g.dtype(), .device = g.device()});
  gradients[0].scatter_add_(static_cast<int>(dims.number), with_kept_dims(node.saved(0), shape, dims.dims),
                            with_kept_dims(g, shape, dims.dims));
}

ValuesAndIndices extreme_with_place(const Extreme& which, const Tensor& x, int dim, bool keepdim) {
  const int d = wrap_dim(dim, x.dim());
  const Tensor kept = place(which, x, dim, true, which.name);
  const ReducedDims dims = x.dim() == 0 ? 0 : ReducedDims{1} << d;
  const Shape shape = reduced_shape(x.shape(), dims, keepdim);
  ValuesAndIndices result{gather(x.detach(), dim, kept).view(shape), kept.view(shape)};
  result.values = result.values.detach();
  if (Node* node = record(result.values, which.place_node, place_gradient, {&x})) {
    node->save(result.indices);
    node->set_attributes(Reduced{dims, static_cast<double>(d)});
  }
  return result;
}

// Truth.

/// Whether any, or all, are not 0: the largest, or the smallest, of their truths.
Tensor truth(bool any, const Tensor& x, const Shape& given, bool keepdim) {
  const ReducedDims dims = reduced_dims(x, given);
  const DType dtype = x.dtype() == DType::uint8 ? DType::uint8 : DType::boolean;  // as in PyTorch, which keeps a mask
  const Shape shape = reduced_shape(x.shape(), dims, keepdim);
  if (x.numel() == 0) return full(shape, any ? 0 : 1, {.dtype = dtype, .device = x.device()});
  const Tensor truths = ne(x.detach(), 0).to(DType::int64);
  return run_reduction(any ? Operation::amax : Operation::amin, truths, dims, keepdim).to(dtype);
}

}  // namespace

Tensor sum(const Tensor& x, const Shape& dims, bool keepdim) {
  const Tensor counted = is_whole_number(x.dtype()) ? x.to(DType::int64) : x;
  return divided_sum(dims.empty() && !keepdim ? "SumBackward0" : "SumBackward1", counted, reduced_dims(x, dims),
                     keepdim, 1);
}

Tensor mean(const Tensor& x, const Shape& dims, bool keepdim) {
  check<DTypeError>(
      !is_whole_number(x.dtype()),
      "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: ",
      scalar_type_name(x.dtype()));
  const ReducedDims bits = reduced_dims(x, dims);
  return divided_sum(dims.empty() && !keepdim ? "MeanBackward0" : "MeanBackward1", x, bits, keepdim,
                     static_cast<double>(reduced_count(x, bits)));
}

Tensor Tensor::sum() const { return cairn::sum(*this); }
Tensor Tensor::mean() const { return cairn::mean(*this); }

Tensor max(const Tensor& x) { return extreme_of_all(largest, x); }
Tensor min(const Tensor& x) { return extreme_of_all(smallest, x); }
ValuesAndIndices max(const Tensor& x, int dim, bool keepdim) { return extreme_with_place(largest, x, dim, keepdim); }
ValuesAndIndices min(const Tensor& x, int dim, bool keepdim) { return extreme_with_place(smallest, x, dim, keepdim); }
Tensor amax(const Tensor& x, const Shape& dims, bool keepdim) { return extreme_over(largest, x, dims, keepdim); }
Tensor amin(const Tensor& x, const Shape& dims, bool keepdim) { return extreme_over(smallest, x, dims, keepdim); }

Tensor argmax(const Tensor& x) { return place_of_all(largest, x); }
Tensor argmin(const Tensor& x) { return place_of_all(smallest, x); }
Tensor argmax(const Tensor& x, int dim, bool keepdim) {
  check_no_bool(largest, x);
  return place(largest, x, dim, keepdim, "argmax");
}
Tensor argmin(const Tensor& x, int dim, bool keepdim) {
  check_no_bool(smallest, x);
  return place(smallest, x, dim, keepdim, "argmin");
}

Tensor all(const Tensor& x, const Shape& dims, bool keepdim) { return truth(false, x, dims, keepdim); }
Tensor any(const Tensor& x, const Shape& dims, bool keepdim) { return truth(true, x, dims, keepdim); }

}  // namespace cairn
