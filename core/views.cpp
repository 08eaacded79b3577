// Views: the same numbers under another shape and other strides, each with the way its gradient goes back.

#include <algorithm>

#include <cairn/core/error.h>
#include <cairn/core/graph.h>
#include <cairn/core/tensor_impl.h>

namespace cairn {
namespace {

/// "torch.FloatTensor", as PyTorch calls a tensor's type.
std::string type_text(const Tensor& tensor) {
  const std::string device = tensor.device().is_cpu() ? "" : text(name(tensor.device().type()), '.');
  return text("torch.", device, scalar_type_name(tensor.dtype()), "Tensor");
}

/// Strides with which `shape` sees the same elements in the same order, or false when only a copy could: every run of
/// dimensions of `from` that lies evenly in memory may be cut anew.
bool strides_of_view(const Tensor& from, const Shape& shape, Shape& strides) {
  strides = shape;
  if (from.numel() == 0) {
    strides = shape == from.shape() ? from.strides() : contiguous_strides(shape);
    return true;
  }
  int dim = shape.rank() - 1;
  std::int64_t run = 1, stride = 1;  // elements of the run so far; stride of its innermost dimension
  const Shape &old_shape = from.shape(), &old_strides = from.strides();
  for (int i = old_shape.rank() - 1; i >= 0; --i) {
    if (run == 1) stride = old_strides[i];
    run *= old_shape[i];
    const bool run_ends = i == 0 || (old_shape[i - 1] != 1 && old_strides[i - 1] != old_shape[i] * old_strides[i] &&
                                     old_strides[i - 1] != run * stride);
    if (!run_ends) continue;
    std::int64_t taken = 1;
    while (dim >= 0 && (taken < run || shape[dim] == 1)) {
      strides[dim] = taken * stride;
      taken *= shape[dim];
      --dim;
    }
    if (taken != run) return false;
    run = 1;
  }
  while (dim >= 0 && shape[dim] == 1) strides[dim--] = 1;
  return dim < 0;
}

/// `shape` with its -1 worked out for `numel` elements.
Shape inferred(const Shape& shape, std::int64_t numel) {
  Shape result = shape;
  int unknown = -1;
  std::int64_t known = 1;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] == -1) {
      check<ShapeError>(unknown < 0, "only one dimension can be inferred");
      unknown = i;
    } else {
      check<ShapeError>(shape[i] >= 0, "invalid shape dimension ", shape[i], " at index ", i, " of shape ",
                        Extents(shape));
      known *= shape[i];
    }
  }
  if (unknown >= 0) {
    check<ShapeError>(known > 0 || numel > 0 || shape.rank() == 1, "cannot reshape tensor of 0 elements into shape ",
                      Extents(shape), " because the unspecified dimension size -1 can be any value and is ambiguous");
    check<ShapeError>(known > 0 && numel % known == 0, "shape '", Extents(shape), "' is invalid for input of size ",
                      numel);
    result[unknown] = numel / known;
  } else {
    check<ShapeError>(known == numel, "shape '", Extents(shape), "' is invalid for input of size ", numel);
  }
  return result;
}

void reshape_gradient(Node& node, const Tensor& gradient, Tensor* gradients) {
  gradients[0] = gradient.reshape(node.input_shape(0));
}
void expand_gradient(Node&, const Tensor& gradient, Tensor* gradients) {
  gradients[0] = gradient;
}  // the engine sums it

struct Transposed {
  int dim0, dim1;
};
void transpose_gradient(Node& node, const Tensor& gradient, Tensor* gradients) {
  const auto dims = node.attributes<Transposed>();
  gradients[0] = gradient.transpose(dims.dim0, dims.dim1);
}

Tensor transposed(const char* node_name, const Tensor& x, int a, int b) {
  Shape shape = x.shape(), strides = x.strides();
  if (x.dim() > 0) {
    std::swap(shape[a], shape[b]);
    std::swap(strides[a], strides[b]);
  }
  Tensor made = make_view(x, shape, strides, x.storage_offset());
  if (Node* node = record(made, node_name, transpose_gradient, {&x})) node->set_attributes(Transposed{a, b});
  return made;
}

/// A permutation of up to 64 dimensions fits the node's bytes: dimension numbers are small.
struct Permuted {
  signed char dims[Shape::max_rank];
};
void permute_gradient(Node& node, const Tensor& gradient, Tensor* gradients) {
  const auto permuted = node.attributes<Permuted>();
  Shape inverse = gradient.shape();
  for (int i = 0; i < gradient.dim(); ++i) inverse[permuted.dims[i]] = i;
  gradients[0] = gradient.permute(inverse);
}

struct Sliced {
  int dim;
  std::int64_t start, step;
};
void slice_gradient(Node& node, const Tensor& gradient, Tensor* gradients) {
  const auto sliced = node.attributes<Sliced>();
  gradients[0] = zeros(node.input_shape(0), {.dtype = gradient.dtype(), .device = gradient.device()});
  const std::int64_t end = sliced.start + (gradient.size(sliced.dim) - 1) * sliced.step + 1;
  if (gradient.numel() > 0) gradients[0].slice(sliced.dim, sliced.start, end, sliced.step).copy_(gradient);
}
void select_gradient(Node& node, const Tensor& gradient, Tensor* gradients) {
  const auto sliced = node.attributes<Sliced>();
  gradients[0] = zeros(node.input_shape(0), {.dtype = gradient.dtype(), .device = gradient.device()});
  gradients[0].select(sliced.dim, sliced.start).copy_(gradient);
}

}  // namespace

Tensor Tensor::view(const Shape& shape) const {
  const Shape wanted = inferred(shape, numel());
  Shape strides;
  check<ShapeError>(
      strides_of_view(*this, wanted, strides),
      "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
      "contiguous subspaces). Use .reshape(...) instead.");
  Tensor made = make_view(*this, wanted, strides, storage_offset());
  record(made, "ViewBackward0", reshape_gradient, {this});
  return made;
}

Tensor Tensor::reshape(const Shape& shape) const {
  const Shape wanted = inferred(shape, numel());
  if (is_contiguous()) return view(wanted);
  Shape strides;
  if (strides_of_view(*this, wanted, strides)) {
    Tensor made = make_view(*this, wanted, strides, storage_offset());
    record(made, "ReshapeAliasBackward0", reshape_gradient, {this});
    return made;
  }
  const Tensor rows = contiguous();
  Tensor made = make_view(rows, wanted, contiguous_strides(wanted), 0);
  record(made, "UnsafeViewBackward0", reshape_gradient, {&rows});
  return made;
}

Tensor Tensor::flatten(int start_dim, int end_dim) const {
  if (dim() == 0) return reshape({1});
  const int first = wrap_dim(start_dim, dim()), last = wrap_dim(end_dim, dim());
  check<ShapeError>(first <= last, "flatten() has invalid args: start_dim cannot come after end_dim");
  if (first == last) return *this;
  Shape flat;
  std::int64_t joined = 1;
  for (int i = 0; i < dim(); ++i) {
    if (i < first || i > last)
      flat.push_back(shape()[i]);
    else
      joined *= shape()[i];
    if (i == last) flat.push_back(joined);
  }
  return reshape(flat);
}

Tensor Tensor::transpose(int dim0, int dim1) const {
  return transposed("TransposeBackward0", *this, wrap_dim(dim0, dim()), wrap_dim(dim1, dim()));
}

Tensor Tensor::t() const {
  check<ShapeError>(dim() <= 2, "t() expects a tensor with <= 2 dimensions, but self is ", dim(), "D");
  return transposed("TBackward0", *this, 0, dim() < 2 ? 0 : 1);
}

Tensor Tensor::permute(const Shape& dims) const {
  check<ShapeError>(dims.rank() == dim(),
                    "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the "
                    "desired ordering of "
                    "dimensions i.e. input.dim() = ",
                    dim(), " is not equal to len(dims) = ", dims.rank());
  Shape new_shape = dims, new_strides = dims;
  Permuted permuted = {};
  std::uint64_t seen = 0;
  for (int i = 0; i < dim(); ++i) {
    const int d = wrap_dim(dims[i], dim());
    check<ShapeError>(!(seen >> d & 1), "permute(): duplicate dims are not allowed.");
    seen |= std::uint64_t{1} << d;
    new_shape[i] = shape()[d];
    new_strides[i] = strides()[d];
    permuted.dims[i] = static_cast<signed char>(d);
  }
  Tensor made = make_view(*this, new_shape, new_strides, storage_offset());
  if (Node* node = record(made, "PermuteBackward0", permute_gradient, {this})) node->set_attributes(permuted);
  return made;
}

Tensor Tensor::select(int dim, std::int64_t index) const {
  check<IndexError>(this->dim() > 0, "select() cannot be applied to a 0-dim tensor.");
  const int d = wrap_dim(dim, this->dim());
  const std::int64_t extent = shape()[d];
  check<IndexError>(index >= -extent && index < extent, "select(): index ", index, " out of range for tensor of size ",
                    Extents(shape()), " at dimension ", d);
  if (index < 0) index += extent;
  Shape new_shape, new_strides;
  for (int i = 0; i < this->dim(); ++i) {
    if (i == d) continue;
    new_shape.push_back(shape()[i]);
    new_strides.push_back(strides()[i]);
  }
  Tensor made = make_view(*this, new_shape, new_strides, storage_offset() + index * strides()[d]);
  if (Node* node = record(made, "SelectBackward0", select_gradient, {this})) node->set_attributes(Sliced{d, index, 1});
  return made;
}

Tensor Tensor::slice(int dim, std::int64_t start, std::int64_t end, std::int64_t step) const {
  check<IndexError>(this->dim() > 0, "slice() cannot be applied to a 0-dim tensor.");
  check<ValueError>(step > 0, "slice step must be positive");
  const int d = wrap_dim(dim, this->dim());
  const std::int64_t extent = shape()[d];
  if (start < 0) start += extent;
  if (end < 0) end += extent;
  start = std::clamp<std::int64_t>(start, 0, extent);
  end = std::clamp<std::int64_t>(end, start, extent);
  Shape new_shape = shape(), new_strides = strides();
  new_shape[d] = (end - start) / step + ((end - start) % step != 0);
  // Of one element or none the stride is never used, and may overflow.
  if (__builtin_mul_overflow(strides()[d], step, &new_strides[d])) new_strides[d] = strides()[d];
  Tensor made = make_view(*this, new_shape, new_strides, storage_offset() + start * strides()[d]);
  if (Node* node = record(made, "SliceBackward0", slice_gradient, {this})) node->set_attributes(Sliced{d, start, step});
  return made;
}

Tensor Tensor::narrow(int dim, std::int64_t start, std::int64_t length) const {
  check<ShapeError>(this->dim() > 0, "narrow() cannot be applied to a 0-dim tensor.");
  check<IndexError>(length >= 0, "narrow(): length must be non-negative.");
  const std::int64_t extent = size(dim);
  check<IndexError>(start >= -extent && start <= extent, "start out of range (expected to be in range of [-", extent,
                    ", ", extent, "], but got ", start, ")");
  if (start < 0) start += extent;
  check<IndexError>(length <= extent - start, "start (", start, ") + length (", length, ") exceeds dimension size (",
                    extent, ").");
  return slice(dim, start, start + length);
}

Tensor Tensor::squeeze(int dim) const {
  const int d = wrap_dim(dim, this->dim());
  Shape new_shape, new_strides;
  for (int i = 0; i < this->dim(); ++i) {
    if (i == d && shape()[i] == 1) continue;
    new_shape.push_back(shape()[i]);
    new_strides.push_back(strides()[i]);
  }
  Tensor made = make_view(*this, new_shape, new_strides, storage_offset());
  record(made, "SqueezeBackward1", reshape_gradient, {this});
  return made;
}

Tensor Tensor::squeeze() const {
  Shape new_shape, new_strides;
  for (int i = 0; i < dim(); ++i) {
    if (shape()[i] == 1) continue;
    new_shape.push_back(shape()[i]);
    new_strides.push_back(strides()[i]);
  }
  Tensor made = make_view(*this, new_shape, new_strides, storage_offset());
  record(made, "SqueezeBackward0", reshape_gradient, {this});
  return made;
}

Tensor Tensor::unsqueeze(int dim) const {
  const int d = wrap_dim(dim, this->dim() + 1);
  Shape new_shape, new_strides;
  for (int i = 0; i <= this->dim(); ++i) {
    if (i == d) {
      new_shape.push_back(1);
      new_strides.push_back(i < this->dim() ? shape()[i] * strides()[i] : 1);
    }
    if (i < this->dim()) {
      new_shape.push_back(shape()[i]);
      new_strides.push_back(strides()[i]);
    }
  }
  Tensor made = make_view(*this, new_shape, new_strides, storage_offset());
  record(made, "UnsqueezeBackward0", reshape_gradient, {this});
  return made;
}

Tensor Tensor::expand(const Shape& wanted) const {
  check<ShapeError>(wanted.rank() >= dim(), "expand(", type_text(*this), "{", Extents(shape()),
                    "}, size=", Extents(wanted), "): the number of sizes provided (", wanted.rank(),
                    ") must be greater or equal to the number of dimensions in the tensor (", dim(), ")");
  Shape new_shape = wanted, new_strides = wanted;
  const int extra = wanted.rank() - dim();
  for (int i = 0; i < wanted.rank(); ++i) {
    const std::int64_t old = i < extra ? 1 : shape()[i - extra];
    check<ShapeError>(wanted[i] != -1 || i >= extra,
                      "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension ", i);
    check<ShapeError>(wanted[i] >= -1 || old != 1, "numel: integer multiplication overflow");
    if (wanted[i] == -1) new_shape[i] = old;
    check<ShapeError>(old == 1 || old == new_shape[i], "The expanded size of the tensor (", new_shape[i],
                      ") must match the existing size (", old, ") at non-singleton dimension ", i,
                      ".  Target sizes: ", Extents(wanted), ".  Tensor sizes: ", Extents(shape()));
    new_strides[i] = i < extra || (old == 1 && new_shape[i] != 1) ? 0 : strides()[i - extra];
  }
  Tensor made = make_view(*this, new_shape, new_strides, storage_offset());
  record(made, "ExpandBackward0", expand_gradient, {this});
  return made;
}

Tensor Tensor::as_strided(const Shape& shape, const Shape& strides, std::int64_t offset) const {
  check<ShapeError>(shape.rank() == strides.rank(), "mismatch in length of strides and shape");
  const auto item = static_cast<std::int64_t>(size_of(dtype()));
  std::int64_t bytes = 0, span = 0, elements = 1;  // that the storage must hold
  bool is_empty = false, overflow = false;
  for (int i = 0; i < shape.rank(); ++i) {
    check<ShapeError>(strides[i] >= 0,
                      "as_strided: Negative strides are not supported at the moment, got strides: ", Extents(strides));
    is_empty = is_empty || shape[i] == 0;
    overflow = overflow || shape[i] < 0 || __builtin_mul_overflow(shape[i] - 1, strides[i], &span) ||
               __builtin_add_overflow(elements, span, &elements);
  }
  overflow =
      overflow || __builtin_add_overflow(elements, offset, &elements) || __builtin_mul_overflow(elements, item, &bytes);
  check<ShapeError>(is_empty || !overflow, "Storage size calculation overflowed with sizes=", Extents(shape),
                    " and strides=", Extents(strides));
  check<ShapeError>(offset >= 0, "Tensor: invalid storage offset ", offset);
  Tensor made = make_view(*this, shape, strides, offset);
  const auto held = static_cast<std::int64_t>(impl()->storage->size());
  check<ShapeError>(is_empty || bytes <= held, "setStorage: sizes ", Extents(shape), ", strides ", Extents(strides),
                    ", storage offset ", offset, ", and itemsize ", item, " requiring a storage size of ", bytes,
                    " are out of bounds for storage of size ", held);
  record_as_strided(made, *this);
  return made;
}

}  // namespace cairn
