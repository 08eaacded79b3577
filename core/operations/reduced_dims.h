// Which dimensions a reduction goes over, and the operand as its kernel wants it: those dimensions last.
#pragma once

#include <cstdint>

#include <cairn/core/tensor_impl.h>

namespace cairn {

/// Bit i: dimension i is reduced.
using ReducedDims = std::uint64_t;

/// The dimensions as bits; none given means all. Throws IndexError, and ShapeError where one is named twice.
ReducedDims reduced_dims(const Tensor& x, const Shape& dims);

/// How many elements become one.
std::int64_t reduced_count(const Tensor& x, ReducedDims dims);

/// Shape with the reduced dimensions gone, or 1 where they are kept.
Shape reduced_shape(const Shape& shape, ReducedDims dims, bool keepdim);

/// x outside the graph, its reduced dimensions moved behind the others.
Tensor reduced_last(const Tensor& x, ReducedDims dims);

/// A result, or its gradient, with the reduced dimensions as 1 again, so that it broadcasts to the operand's shape.
Tensor with_kept_dims(const Tensor& reduced, const Shape& shape, ReducedDims dims);

/// Attributes of the node of a reduction.
struct Reduced {
  ReducedDims dims;
  double number;  ///< What else the gradient needs.
};

}  // namespace cairn
