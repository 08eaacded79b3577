// Tensors joined along a dimension, and cut along one again: cat, stack, split, chunk.

#include <cairn/core/autograd.h>
#include <cairn/core/operations/promotion.h>

#include <algorithm>

namespace cairn {
namespace {

struct Along {
  int dim;
};

/// Each takes its part of the gradient.
void cat_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const int dim = node.attributes<Along>().dim;
  const Tensor& extents = node.saved(0);
  std::int64_t start = 0;
  for (int i = 0; i < node.edge_count(); ++i) {
    const std::int64_t extent = extents.data<std::int64_t>()[static_cast<std::size_t>(i)];
    // A vector of nothing may stand among tensors of any shape.
    if (node.needs(i))
      gradients[i] = extent > 0 ? g.narrow(dim, start, extent)
                                : zeros(node.input_shape(i), {.dtype = g.dtype(), .device = g.device()});
    start += extent;
  }
}

void stack_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const int dim = node.attributes<Along>().dim;
  for (int i = 0; i < node.edge_count(); ++i)
    if (node.needs(i)) gradients[i] = g.select(dim, i);
}

struct Cut {
  int dim;
  std::int64_t start;
};

void cut_gradient(Node& node, const Tensor& g, Tensor* gradients) {
  const auto cut = node.attributes<Cut>();
  gradients[0] = zeros(node.input_shape(0), {.dtype = g.dtype(), .device = g.device()});
  gradients[0].narrow(cut.dim, cut.start, g.size(cut.dim)).copy_(g);
}

/// Views of x, one behind the other along `dim`: returned together, they may not be changed in place.
std::vector<Tensor> cut(const Tensor& x, int dim, const Shape& extents, const char* node_name) {
  std::vector<Tensor> parts;
  std::int64_t start = 0;
  for (const std::int64_t extent : extents) {
    Shape shape = x.shape();
    shape[dim] = extent;
    parts.push_back(make_view(x, shape, x.strides(), x.storage_offset() + start * x.strides()[dim]));
    if (Node* node = record(parts.back(), node_name, cut_gradient, {&x})) node->set_attributes(Cut{dim, start});
    set_one_of_several(parts.back(), static_cast<std::uint32_t>(parts.size() - 1));
    start += extent;
  }
  return parts;
}

/// What torch.cat passes over, whatever the others look like.
bool is_nothing(const Tensor& x) { return x.dim() == 1 && x.shape()[0] == 0; }

DType joined_dtype(std::span<const Tensor> tensors) {
  DType dtype = tensors[0].dtype();
  for (const Tensor& x : tensors) dtype = dtype == x.dtype() ? dtype : promote_types(dtype, x.dtype());
  return dtype;
}

void check_one_device(std::span<const Tensor> tensors) {
  for (const Tensor& x : tensors)
    check<DeviceError>(x.device() == tensors[0].device(),
                       "Expected all tensors to be on the same device, but found at least two devices, ",
                       tensors[0].device(), " and ", x.device(), "!");
}

/// Copies each input to its place in y: `part(i)` is that place.
template <class Part>
void fill_parts(const Tensor& y, std::span<const Tensor> tensors, Part part) {
  const NoGrad no_grad;
  for (std::size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].numel() > 0) part(y, i).copy_(tensors[i].detach());
}

/// Makes `joined` the result of a node with an edge to each of them, if one requires a gradient.
Node* record_all(Tensor& joined, const char* name, GradientFunction gradient, std::span<const Tensor> tensors) {
  std::vector<const Tensor*> inputs;
  for (const Tensor& x : tensors) inputs.push_back(&x);
  return record(joined, name, gradient, Inputs(inputs));
}

}  // namespace

Tensor cat(std::span<const Tensor> tensors, int given_dim) {
  check<ValueError>(!tensors.empty(), "torch.cat(): expected a non-empty list of Tensors");
  const Tensor* like = &tensors[0];
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    check<ShapeError>(tensors[i].dim() > 0, "zero-dimensional tensor (at position ", i, ") cannot be concatenated");
    if (is_nothing(*like)) like = &tensors[i];
  }
  check_one_device(tensors);
  const int dim = is_nothing(*like) ? 0 : wrap_dim(given_dim, like->dim());
  Shape shape = like->shape();
  shape[dim] = 0;
  const Tensor extents = zeros({static_cast<std::int64_t>(tensors.size())}, {.dtype = DType::int64});
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const Tensor& x = tensors[i];
    if (is_nothing(x)) continue;
    check<ShapeError>(x.dim() == like->dim(), "Tensors must have same number of dimensions: got ", like->dim(), " and ",
                      x.dim());
    for (int d = 0; d < x.dim(); ++d)
      check<ShapeError>(d == dim || x.shape()[d] == shape[d], "Sizes of tensors must match except in dimension ", dim,
                        ". Expected size ", shape[d], " but got size ", x.shape()[d], " for tensor number ", i,
                        " in the list.");
    extents.data<std::int64_t>()[i] = x.shape()[dim];
    shape[dim] += x.shape()[dim];
  }
  Tensor y = make_tensor(shape, joined_dtype(tensors), like->device());
  std::int64_t start = 0;
  fill_parts(y, tensors, [&](const Tensor& whole, std::size_t i) {
    const std::int64_t extent = tensors[i].shape()[dim];
    const Tensor part = whole.narrow(dim, start, extent);
    start += extent;
    return part;
  });
  if (Node* node = record_all(y, "CatBackward0", cat_gradient, tensors)) {
    node->save(extents);
    node->set_attributes(Along{dim});
  }
  return y;
}

Tensor stack(std::span<const Tensor> tensors, int given_dim) {
  check<ValueError>(!tensors.empty(), "stack expects a non-empty TensorList");
  const Shape& each = tensors[0].shape();
  const int dim = wrap_dim(given_dim, each.rank() + 1);
  for (std::size_t i = 0; i < tensors.size(); ++i)
    check<ShapeError>(tensors[i].shape() == each, "stack expects each tensor to be equal size, but got ", Extents(each),
                      " at entry 0 and ", Extents(tensors[i].shape()), " at entry ", i);
  check_one_device(tensors);
  Shape shape;
  for (int d = 0; d <= each.rank(); ++d)
    shape.push_back(d == dim ? static_cast<std::int64_t>(tensors.size()) : each[d < dim ? d : d - 1]);
  Tensor y = make_tensor(shape, joined_dtype(tensors), tensors[0].device());
  fill_parts(y, tensors,
             [&](const Tensor& whole, std::size_t i) { return whole.select(dim, static_cast<std::int64_t>(i)); });
  if (Node* node = record_all(y, "StackBackward0", stack_gradient, tensors)) node->set_attributes(Along{dim});
  return y;
}

std::vector<Tensor> Tensor::split(std::int64_t size, int given_dim) const {
  check<ShapeError>(dim() > 0, "split expects at least a 1-dimensional tensor");
  check<ValueError>(size >= 0, "split expects split_size be non-negative, but got split_size=", size);
  const int d = wrap_dim(given_dim, dim());
  const std::int64_t extent = shape()[d];
  check<ValueError>(size > 0 || extent == 0,
                    "split_size can only be 0 if dimension size is 0, but got dimension size of ", extent);
  Shape extents;
  std::int64_t start = 0;
  do {
    extents.push_back(std::min(size, extent - start));
    start += size;
  } while (start < extent);
  return cut(*this, d, extents, "SplitBackward0");
}

std::vector<Tensor> Tensor::split(const Shape& sizes, int given_dim) const {
  check<ShapeError>(dim() > 0, "split expects at least a 1-dimensional tensor");
  const int d = wrap_dim(given_dim, dim());
  std::int64_t total = 0;
  for (const std::int64_t size : sizes) {
    check<ValueError>(size >= 0,
                      "split_with_sizes expects split_sizes have only non-negative entries, but got "
                      "split_sizes=",
                      Extents(sizes));
    total += size;
  }
  check<ShapeError>(total == shape()[d], "split_with_sizes expects split_sizes to sum exactly to ", shape()[d],
                    " (input tensor's size at dimension ", d, "), but got split_sizes=", Extents(sizes));
  return cut(*this, d, sizes, "SplitWithSizesBackward0");
}

std::vector<Tensor> Tensor::chunk(std::int64_t chunks, int given_dim) const {
  check<ShapeError>(dim() > 0, "chunk expects at least a 1-dimensional tensor");
  check<ValueError>(chunks > 0, "chunk expects `chunks` to be greater than 0, got: ", chunks);
  const int d = wrap_dim(given_dim, dim());
  const std::int64_t extent = shape()[d];
  if (extent == 0) {
    const std::vector<std::int64_t> none(static_cast<std::size_t>(chunks), 0);
    return cut(*this, d, Shape(none), "SplitWithSizesBackward0");
  }
  return split((extent + chunks - 1) / chunks, d);
}

}  // namespace cairn
