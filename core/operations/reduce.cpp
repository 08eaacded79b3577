// Reductions: the dimensions to reduce are moved last, so that a kernel sees kept dimensions, then reduced ones.

#include <bit>

#include <cairn/core/attributes.h>
#include <cairn/core/dispatch.h>
#include <cairn/core/graph.h>
#include <cairn/core/ops.h>

namespace cairn {
namespace {

struct Reduced {
  std::uint64_t dims;  // bit i: dimension i is reduced
  double divisor;
  bool keepdim;
};

/// The dimensions as bits; none given means all.
std::uint64_t reduced_dims(const Tensor& x, const Shape& dims) {
  if (dims.empty()) return x.dim() == Shape::max_rank ? ~std::uint64_t{0} : (std::uint64_t{1} << x.dim()) - 1;
  std::uint64_t bits = 0;
  for (const std::int64_t dim : dims) {
    const int d = wrap_dim(dim, x.dim());
    if (x.dim() == 0) continue;
    check<ShapeError>(!(bits >> d & 1), "dim ", d, " appears multiple times in the list of dims");
    bits |= std::uint64_t{1} << d;
  }
  return bits;
}

/// Shape with the reduced dimensions gone, or 1 where they are kept.
Shape result_shape(const Shape& shape, std::uint64_t dims, bool keepdim) {
  Shape result;
  for (int i = 0; i < shape.rank(); ++i) {
    if (!(dims >> i & 1))
      result.push_back(shape[i]);
    else if (keepdim)
      result.push_back(1);
  }
  return result;
}

/// x outside the graph, its reduced dimensions moved behind the others.
Tensor reduced_last(const Tensor& x, std::uint64_t dims) {
  Shape order;
  for (int i = 0; i < x.dim(); ++i)
    if (!(dims >> i & 1)) order.push_back(i);
  for (int i = 0; i < x.dim(); ++i)
    if (dims >> i & 1) order.push_back(i);
  return x.detach().permute(order);
}

void sum_gradient(Node& node, const Tensor& gradient, Tensor* gradients) {
  const auto reduced = node.attributes<Reduced>();
  const Shape& shape = node.input_shape(0);
  const Tensor kept = reduced.keepdim ? gradient : gradient.reshape(result_shape(shape, reduced.dims, true));
  gradients[0] = (reduced.divisor == 1 ? kept : kept / reduced.divisor).expand(shape);
}

Tensor divided_sum(const char* node_name, const Tensor& x, std::uint64_t dims, bool keepdim, double divisor) {
  const Tensor arranged = reduced_last(x, dims);
  Tensor y = make_tensor(result_shape(x.shape(), dims, keepdim), x.dtype(), x.device());
  dispatch(Operation::sum, x.dtype(), {&y, &arranged}, ReduceAttributes{std::popcount(dims), divisor});
  if (Node* node = record(y, node_name, sum_gradient, {&x})) node->set_attributes(Reduced{dims, divisor, keepdim});
  return y;
}

}  // namespace

Tensor sum(const Tensor& x, const Shape& dims, bool keepdim) {
  const Tensor counted = category(x.dtype()) < DTypeCategory::floating ? x.to(DType::int64) : x;
  return divided_sum("SumBackward0", counted, reduced_dims(x, dims), keepdim, 1);
}

Tensor mean(const Tensor& x, const Shape& dims, bool keepdim) {
  check<DTypeError>(
      category(x.dtype()) >= DTypeCategory::floating,
      "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. "
      "Got: ",
      name(x.dtype()));
  const std::uint64_t bits = reduced_dims(x, dims);
  std::int64_t count = 1;
  for (int i = 0; i < x.dim(); ++i)
    if (bits >> i & 1) count *= x.shape()[i];
  return divided_sum("MeanBackward0", x, bits, keepdim, static_cast<double>(count));
}

Tensor Tensor::sum() const { return cairn::sum(*this); }
Tensor Tensor::mean() const { return cairn::mean(*this); }

Tensor argmax(const Tensor& x, int dim, bool keepdim) {
  const int d = wrap_dim(dim, x.dim());
  check<IndexError>(x.dim() == 0 || x.shape()[d] > 0, "argmax(): Expected reduction dim ", d,
                    " to have non-zero size.");
  const std::uint64_t bits = x.dim() == 0 ? 0 : std::uint64_t{1} << d;
  Tensor y = make_tensor(result_shape(x.shape(), bits, keepdim), DType::int64, x.device());
  const Tensor arranged = x.dim() == 0 ? x.detach().view({1}) : reduced_last(x, bits);
  dispatch(Operation::argmax, x.dtype(), {&y, &arranged});
  return y;
}

}  // namespace cairn
