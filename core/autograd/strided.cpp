// The gradient of "these elements of that tensor", for any shape and strides.
//
// The gradient gets memory laid out like the base's, of zeros, and the view's gradient is written where the view lies.
// A view may look at an element more than once, and then the gradients of all looks are added:
//
//   base      a b c d        view of shape [2, 3], strides [1, 1]:  a b c      a: once, b: twice, c: twice, d: once
//                                                                   b c d
//
// Along a stride of 0 every look is at the same element: a sum over that dimension. Any other dimension that comes back
// to elements seen before is walked, and what remains, in which no element occurs twice, is added at each step.
#include <cairn/core/autograd/strided.h>

#include <algorithm>
#include <vector>

#include <cairn/core/ops.h>

namespace cairn {
namespace {

/// How many elements of memory lie between the first and the last, both included.
std::int64_t reach(const Shape& shape, const Shape& strides) {
  std::int64_t last = 0;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] == 0) return 0;
    last += (shape[i] - 1) * strides[i];
  }
  return last + 1;
}

/// A dimension along which elements are met that others have been to, or -1.
int overlapping_dim(const Shape& shape, const Shape& strides) {
  std::vector<int> dims;
  for (int i = 0; i < shape.rank(); ++i)
    if (shape[i] > 1) dims.push_back(i);
  std::ranges::sort(dims, {}, [&](int i) { return strides[i]; });
  std::int64_t reached = 0;
  for (const int i : dims) {
    if (strides[i] <= reached) return i;
    reached += (shape[i] - 1) * strides[i];
  }
  return -1;
}

/// Adds the gradient into the elements of `memory` that shape, strides and offset name.
void add_at(const Tensor& memory, Shape shape, const Shape& strides, std::int64_t offset, Tensor gradient) {
  Shape repeated;
  for (int i = 0; i < shape.rank(); ++i) {
    if (strides[i] != 0 || shape[i] <= 1) continue;
    repeated.push_back(i);
    shape[i] = 1;
  }
  if (!repeated.empty()) gradient = sum(gradient, repeated, true);
  const int dim = overlapping_dim(shape, strides);
  if (dim < 0) {
    make_alias(memory, shape, strides, offset).add_(gradient);
    return;
  }
  Shape one = shape;
  one[dim] = 1;
  for (std::int64_t i = 0; i < shape[dim]; ++i)
    add_at(memory, one, strides, offset + i * strides[dim], gradient.narrow(dim, i, 1));
}

}  // namespace

Tensor gradient_of_base(const Tensor& gradient, const ViewInBase& view) {
  // A view may also look at elements before or behind the tensor it was made of.
  const std::int64_t base_at = std::max<std::int64_t>(0, -view.offset),
                     view_at = std::max<std::int64_t>(0, view.offset);
  const std::int64_t size =
      std::max(base_at + reach(view.base_shape, view.base_strides), view_at + reach(view.shape, view.strides));
  const TensorOptions options{.dtype = gradient.dtype(), .device = gradient.device()};
  const Tensor memory = zeros({size}, options);
  if (gradient.numel() > 0) {
    if (overlapping_dim(view.shape, view.strides) < 0)
      make_alias(memory, view.shape, view.strides, view_at).copy_(gradient);
    else
      add_at(memory, view.shape, view.strides, view_at, gradient);
  }
  // Elements of the base that share memory share its gradient.
  if (overlapping_dim(view.base_shape, view.base_strides) >= 0) {
    const Tensor times = zeros({size}, options);
    add_at(times, view.base_shape, view.base_strides, base_at, ones(view.base_shape, options));
    memory.div_(times);
  }
  return make_alias(memory, view.base_shape, view.base_strides, base_at);
}

Tensor copy_laid_out_as_base(const Tensor& gradient, const ViewInBase& view) {
  const Tensor memory = make_tensor({reach(view.base_shape, view.base_strides)}, gradient.dtype(), gradient.device());
  const Tensor copy = make_alias(memory, view.base_shape, view.base_strides, 0);
  copy.copy_(gradient);
  return copy;
}

}  // namespace cairn
