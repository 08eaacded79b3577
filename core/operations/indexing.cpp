// Choosing by an index along one dimension: gather, scatter_add, index_select, one_hot.

#include <cairn/core/attributes.h>
#include <cairn/core/destinations.h>
#include <cairn/core/dispatch.h>
#include <cairn/core/operations/promotion.h>

namespace cairn {
namespace {

struct Along {
  int dim;
};

/// A scalar as a vector of one, so that there is a dimension to choose along.
Tensor at_least_1d(const Tensor& x) { return x.dim() == 0 ? x.view({1}) : x; }

Tensor whole_index(const Tensor& index, const char* function, const char* types) {
  check<DTypeError>(index.dtype() == DType::int64 || index.dtype() == DType::int32, function, "(): Expected dtype ",
                    types, " for index");
  return at_least_1d(index.detach().to(DType::int64));
}

/// y ← x at the places of the index; y and the index have one shape.
Tensor gathered(const Tensor& x, int dim, const Tensor& index) {
  Tensor y = make_tensor(index.shape(), x.dtype(), x.device());
  const Tensor from = x.detach();
  if (y.numel() > 0) dispatch(Operation::gather, x.dtype(), {&y, &from, &index}, IndexAttributes{dim});
  return y;
}

/// Adds numbers of x, at the places of the index, in the dtype that is computed in.
void scatter(const Tensor& y, int dim, const Tensor& index, const Tensor& x) {
  if (index.numel() == 0) return;
  const DType computed = computed_dtype(y.dtype());
  const Tensor sums = y.detach().to(computed), terms = x.detach().to(computed);
  dispatch(Operation::scatter_add, computed, {&sums, &terms, &index}, IndexAttributes{dim});
  if (computed != y.dtype()) y.detach().copy_(sums);
}

/// x cut to the extents of the index, where it reaches beyond.
Tensor cut_to(const Tensor& x, const Shape& shape) {
  Tensor cut = x;
  for (int d = 0; d < shape.rank(); ++d)
    if (x.shape()[d] != shape[d]) cut = cut.narrow(d, 0, shape[d]);
  return cut;
}

void gather_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const Tensor sums = zeros(node.input_shape(0), {.dtype = g.dtype(), .device = g.device()});
  scatter(at_least_1d(sums), node.attributes<Along>().dim, node.saved(0), at_least_1d(g));
  gradients[0] = sums;
}

void scatter_add_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  if (node.needs(0)) gradients[0] = g;
  if (!node.needs(1)) return;
  const Tensor& index = node.saved(0);
  const Tensor taken = gathered(at_least_1d(g), node.attributes<Along>().dim, index);
  const Shape& shape = node.input_shape(1);
  if (taken.shape() == shape || shape.rank() == 0) {
    gradients[1] = taken.view(shape);
  } else {
    gradients[1] = zeros(shape, {.dtype = g.dtype(), .device = g.device()});
    cut_to(gradients[1], index.shape()).copy_(taken);
  }
}

void index_select_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const Tensor sums = zeros(node.input_shape(0), {.dtype = g.dtype(), .device = g.device()});
  const Tensor& index = node.saved(0);
  const int dim = node.attributes<Along>().dim;
  Shape beside;
  for (int d = 0; d < at_least_1d(g).dim(); ++d) beside.push_back(d == dim ? index.numel() : 1);
  scatter(at_least_1d(sums), dim, index.view(beside).expand(at_least_1d(g).shape()), at_least_1d(g));
  gradients[0] = sums;
}

void check_index_shape(const Tensor& x, int dim, const Tensor& index) {
  check<ShapeError>(index.dim() == at_least_1d(x).dim(),
                    "Index tensor must have the same number of dimensions as input tensor");
  for (int d = 0; d < x.dim(); ++d)
    check<ShapeError>(d == dim || index.shape()[d] <= x.shape()[d], "Size does not match at dimension ", d,
                      " expected index ", Extents(index.shape()), " to be no larger than self ", Extents(x.shape()),
                      " apart from dimension ", dim);
}

}  // namespace

Tensor gather(const Tensor& x, int given_dim, const Tensor& given_index) {
  const int dim = wrap_dim(given_dim, x.dim());
  const bool nothing = given_index.numel() == 0;  // of any shape, and of any dtype
  const Tensor index = nothing ? empty(given_index.shape(), {.dtype = DType::int64, .device = given_index.device()})
                               : whole_index(given_index, "gather", "int32/int64");
  if (!nothing) check_index_shape(x, dim, index);
  Tensor y = gathered(at_least_1d(x), dim, index);
  if (given_index.dim() == 0) y = y.view({}).detach();
  if (Node* node = record(y, "GatherBackward0", gather_gradient, {&x})) {
    node->save(index);
    node->set_attributes(Along{dim});
  }
  return y;
}

const Tensor& Tensor::scatter_add_(int given_dim, const Tensor& given_index, const Tensor& source) const {
  check_inplace(*this, {&given_index, &source});
  const int dim = wrap_dim(given_dim, this->dim());
  const Tensor index = whole_index(given_index, "scatter", "int32/int64");
  check<DTypeError>(source.dtype() == dtype(), "scatter(): Expected self.dtype to be equal to src.dtype");
  const Tensor to = at_least_1d(detach()), from = at_least_1d(source.detach());
  check<ShapeError>(index.dim() == to.dim(), "Index tensor must have the same number of dimensions as self tensor");
  for (int d = 0; d < index.dim() && source.dim() > 0; ++d) wrap_dim(d, source.dim());  // throws
  check<ShapeError>(index.dim() == from.dim(), "Index tensor must have the same number of dimensions as src tensor");
  bool fits = true;
  for (int d = 0; d < index.dim(); ++d)
    fits = fits && index.shape()[d] <= from.shape()[d] && (d == dim || index.shape()[d] <= to.shape()[d]);
  check<ShapeError>(fits, "Expected index ", Extents(index.shape()), " to be no larger than self ", Extents(shape()),
                    " apart from dimension ", dim, " and to be no larger size than src ", Extents(source.shape()));
  scatter(to, dim, index, cut_to(from.shares_storage(*this) ? from.clone() : from, index.shape()));
  impl_->storage->bump_version();
  if (Node* node = record_inplace(*this, "ScatterAddBackward0", scatter_add_gradient, {this, &source})) {
    node->save(index);
    node->set_attributes(Along{dim});
  }
  return *this;
}

Tensor scatter_add(const Tensor& x, int dim, const Tensor& index, const Tensor& source) {
  const Tensor y = x.clone();
  y.scatter_add_(dim, index, source);
  return y;
}

Tensor index_select(const Tensor& x, int given_dim, const Tensor& given_index) {
  const int dim = wrap_dim(given_dim, x.dim());
  check<IndexError>(given_index.dim() <= 1, "index_select(): Index is supposed to be a vector");
  const Tensor index = whole_index(given_index, "index_select", "int32 or int64");
  const Tensor from = at_least_1d(x);
  check<ShapeError>(x.dim() > 0 || index.numel() == 1, "index_select(): Index to scalar can have only 1 value, got ",
                    index.numel(), " value(s)");
  check<IndexError>(index.numel() == 0 || from.shape()[dim] > 0,
                    "index_select(): self indexing axis dim should be positive");
  Shape shape = from.shape(), beside;
  shape[dim] = index.numel();
  for (int d = 0; d < from.dim(); ++d) beside.push_back(d == dim ? index.numel() : 1);
  Tensor y;
  try {
    y = gathered(from, dim, index.view(beside).expand(shape));
  } catch (const IndexError& error) {
    throw IndexError("index out of range in self", {.hint = error.message()});
  }
  if (x.dim() == 0) y = y.view({}).detach();
  if (Node* node = record(y, "IndexSelectBackward0", index_select_gradient, {&x})) {
    node->save(index);
    node->set_attributes(Along{dim});
  }
  return y;
}

Tensor one_hot(const Tensor& classes, std::int64_t given_count) {
  check<DTypeError>(classes.dtype() == DType::int64, "one_hot is only applicable to index tensor of type LongTensor.");
  check<ValueError>(classes.numel() > 0 || given_count > 0, "Can not infer total number of classes from empty tensor.");
  std::int64_t count = given_count;
  if (classes.numel() > 0) {
    check<ValueError>(min(classes).item_int64() >= 0, "Class values must be non-negative.");
    const std::int64_t largest = max(classes).item_int64();
    check<ValueError>(given_count == -1 || largest < given_count, "Class values must be smaller than num_classes.");
    if (given_count == -1) count = largest + 1;
  }
  return eq(classes.unsqueeze(-1), arange(count, {.dtype = DType::int64, .device = classes.device()})).to(DType::int64);
}

}  // namespace cairn
