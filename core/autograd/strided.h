// Gradients of views, as numbers in memory: what inplace.cpp asks of strided.cpp.
#pragma once

#include <cairn/core/graph.h>

namespace cairn {

/// The gradient of a base from that of a view into it: zero where the view does not look, summed where it looks twice.
Tensor gradient_of_base(const Tensor& gradient, const ViewInBase& view);

/// The base's gradient, copied into the layout that the base has.
Tensor copy_laid_out_as_base(const Tensor& gradient, const ViewInBase& view);

}  // namespace cairn
