// How operands of different dtypes, shapes and devices meet, for the operations in this folder.
//
//   int8 [3] + float 0.5 [2, 1]    is float32 [2, 3]: a higher category wins, then a tensor over a scalar, then width
//   int8 + int8                    is int8, computed in int64: kernels know float32, float64 and int64; the small
//                                  floats go through float32 in the backend
//
// An operand is converted to the result's dtype first: what does not fit wraps around or is rounded, so that -1 beside
// a uint8 is 255, also where it is compared. Then whole numbers of other widths and bool are computed with as int64,
// and cut to their own width afterwards.
#pragma once

#include <cairn/core/graph.h>
#include <cairn/core/ops.h>

namespace cairn {

inline bool is_whole_number(DType dtype) { return category(dtype) < DTypeCategory::floating; }

/// What a result of this dtype is computed in.
inline DType computed_dtype(DType result) { return is_whole_number(result) ? DType::int64 : result; }

/// The dtype of a result, as PyTorch's `result_type`: of equal categories, operands with dimensions outrank scalars; a
/// higher category of a scalar still lifts the result.
DType result_dtype(DType a, bool a_is_scalar, DType b, bool b_is_scalar);
inline DType result_dtype(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() ? a.dtype() : result_dtype(a.dtype(), a.dim() == 0, b.dtype(), b.dim() == 0);
}

/// A number as a tensor to stand beside another: of its dtype, unless the number's category is higher. Beside small
/// floats it stays a float32, for those that keep its digits.
Tensor beside(const Tensor& tensor, Scalar value);

/// An operand ready for a kernel on `device` whose result is of `dtype`. `keeps_digits`: a scalar beside small floats
/// is not rounded first, as in PyTorch where it is the second factor or the divisor.
Tensor operand(const Tensor& tensor, DType dtype, Device device, bool keeps_digits = false);

/// Where operands meet: a scalar on the CPU goes where the other is.
inline Device common_device(const Tensor& a, const Tensor& b) {
  return a.dim() == 0 && a.device().is_cpu() ? b.device() : a.device();
}

inline Shape common_shape(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() ? a.shape() : broadcast_shapes(a.shape(), b.shape());
}

/// Throws unless the number has a place in the dtype, as PyTorch does where a tensor is filled with it. Negative
/// whole ones may wrap around in unsigned types.
void check_number_fits(Scalar value, DType dtype);

/// Throws, with PyTorch's text, unless `dtype` is a floating-point one. `kernel` is what PyTorch's text calls the
/// operation.
void check_floating(DType dtype, const char* kernel);

/// The numbers row by row, as some kernels want them: the tensor itself where it lies so, a copy outside the graph
/// otherwise.
inline Tensor rows_of(const Tensor& x) { return x.is_contiguous() ? x : x.detach().contiguous(); }

/// Throws unless a result of `dtype` and `shape` may be written into `target`, as in-place operations do.
void check_result_fits(const Tensor& target, DType dtype, const Shape& shape);

}  // namespace cairn
