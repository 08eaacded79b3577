// What several gradients need: to be summed to the shape of the tensor they belong to, and to know whether their
// numbers are anybody else's.
#include <cairn/core/autograd.h>
#include <cairn/core/graph.h>
#include <cairn/core/ops.h>

namespace cairn {

Tensor sum_to_shape(const Tensor& gradient, const Shape& shape) {
  if (gradient.shape() == shape) return gradient;
  Shape dims;
  const int extra = gradient.dim() - shape.rank();
  for (int i = 0; i < gradient.dim(); ++i) {
    if (i < extra || (shape[i - extra] == 1 && gradient.shape()[i] != 1)) dims.push_back(i);
  }
  const Tensor summed = dims.empty() ? gradient : sum(gradient, dims, true);
  return summed.reshape(shape);
}

}  // namespace cairn
