#include <cairn/core/operations/promotion.h>

namespace cairn {

DType result_dtype(DType a, bool a_is_scalar, DType b, bool b_is_scalar) {
  if (a_is_scalar == b_is_scalar) return promote_types(a, b);
  const DType full = a_is_scalar ? b : a, scalar = a_is_scalar ? a : b;
  return category(scalar) > category(full) ? promote_types(full, scalar) : full;
}

namespace {

bool is_small_float(DType dtype) { return dtype == DType::float16 || dtype == DType::bfloat16; }

}  // namespace

Tensor beside(const Tensor& tensor, Scalar value) {
  DType dtype = tensor.dtype();
  const bool full = tensor.dim() > 0;
  if (is_small_float(dtype))
    dtype = full ? DType::float32 : dtype;
  else if (is_whole_number(dtype) && !value.is_integer)
    dtype = DType::float32;
  else if (is_whole_number(dtype) && (full || dtype == DType::boolean))
    dtype = DType::int64;
  if (value.is_boolean) dtype = DType::boolean;
  return scalar_tensor(value, {.dtype = dtype, .device = tensor.device()});
}

Tensor operand(const Tensor& tensor, DType dtype, Device device) {
  if (tensor.dtype() == dtype && tensor.device() == device) [[likely]]
    return tensor;
  const bool keeps_digits = is_small_float(dtype) && tensor.dim() == 0;
  const Tensor converted = tensor.to(keeps_digits ? DType::float32 : dtype);
  return tensor.dim() == 0 && tensor.device().is_cpu() ? converted.to(device) : converted;
}

void check_result_fits(const Tensor& target, DType dtype, const Shape& shape) {
  check<ShapeError>(shape == target.shape(), "output with shape ", Extents(target.shape()),
                    " doesn't match the broadcast shape ", Extents(shape));
  check<DTypeError>(category(dtype) <= category(target.dtype()), "result type ", scalar_type_name(dtype),
                    " can't be cast to the desired output type ", scalar_type_name(target.dtype()));
}

}  // namespace cairn
