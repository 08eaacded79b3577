#include <cairn/core/operations/promotion.h>

#include <cmath>

#include <cairn/core/attributes.h>
#include <cairn/core/dispatch.h>

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
  const Tensor number = make_tensor({}, dtype, tensor.device());
  dispatch(Operation::fill, dtype, {&number}, FillAttributes{value.floating, value.integer});
  return number;
}

Tensor operand(const Tensor& tensor, DType dtype, Device device, bool keeps_digits) {
  const DType computed = computed_dtype(dtype);
  if (tensor.dtype() == dtype && dtype == computed && tensor.device() == device) [[likely]]
    return tensor;
  const bool as_float = keeps_digits && is_small_float(dtype) && tensor.dim() == 0;
  const Tensor converted = as_float ? tensor.to(DType::float32) : tensor.to(dtype).to(computed);
  return tensor.dim() == 0 && tensor.device().is_cpu() ? converted.to(device) : converted;
}

void check_number_fits(Scalar value, DType dtype) {
  const auto check_range = [&](double lowest, double highest, const char* type) {
    check<ValueError>(value.floating >= lowest && value.floating <= highest, "value cannot be converted to type ", type,
                      " without overflow");
  };
  if (is_floating_point(dtype) && !std::isfinite(value.floating)) return;
  switch (dtype) {
    case DType::uint8:
      return check_range(value.is_integer ? -0xff : 0, 0xff, "uint8_t");
    case DType::int8:
      return check_range(-0x80, 0x7f, "int8_t");
    case DType::int16:
      return check_range(-0x8000, 0x7fff, "int16_t");
    case DType::int32:
      return check_range(-0x1p31, 0x1p31 - 1, "int");
    case DType::int64:
      return check_range(-0x1p63, 0x1p63, "int64_t");
    case DType::float16:
      return check_range(-65504, 65504, "c10::Half");
    case DType::bfloat16:
      return check_range(-0x1.fep127, 0x1.fep127, "c10::BFloat16");
    case DType::float32:
      return check_range(-0x1.fffffep127, 0x1.fffffep127, "float");
    default:
      return;
  }
}

void check_floating(DType dtype, const char* kernel) {
  check<DTypeError>(is_floating_point(dtype), '"', kernel, "\" not implemented for '", scalar_type_name(dtype), '\'');
}

void check_result_fits(const Tensor& target, DType dtype, const Shape& shape) {
  check<ShapeError>(shape == target.shape(), "output with shape ", Extents(target.shape()),
                    " doesn't match the broadcast shape ", Extents(shape));
  check<DTypeError>(category(dtype) <= category(target.dtype()), "result type ", scalar_type_name(dtype),
                    " can't be cast to the desired output type ", scalar_type_name(target.dtype()));
}

}  // namespace cairn
