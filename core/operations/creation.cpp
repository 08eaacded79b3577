// Tensors made from nothing: of one number, of evenly spaced ones, or like another tensor.

#include <cmath>

#include <cairn/core/attributes.h>
#include <cairn/core/dispatch.h>
#include <cairn/core/operations/promotion.h>
#include <cairn/core/python_text.h>

namespace cairn {
namespace {

Tensor with_grad(Tensor made, const TensorOptions& options) {
  if (options.requires_grad) made.requires_grad_();
  return made;
}

/// What `value(i)` gives, computed on the host in `T`, then converted and moved.
template <class T, class F>
Tensor sequence(std::int64_t count, const TensorOptions& options, F value) {
  const Tensor numbers = make_tensor({count}, dtype_of<T>, Device());
  const std::span<T> to = numbers.data<T>();
  for (std::int64_t i = 0; i < count; ++i) to[static_cast<std::size_t>(i)] = value(i);
  return with_grad(numbers.to(options.dtype).to(options.device), options);
}

void check_not_bool(const char* function, DType dtype) {
  check<DTypeError>(dtype != DType::boolean, '"', function, "_cpu\" not implemented for 'Bool'");
}

std::int64_t whole_part(Scalar number) {
  return number.is_integer ? number.integer : static_cast<std::int64_t>(number.floating);
}

Tensor filled(const Shape& shape, Scalar value, const TensorOptions& options) {
  const Tensor made = make_tensor(shape, options.dtype, options.device);
  dispatch(Operation::fill, options.dtype, {&made}, FillAttributes{value.floating, value.integer});
  return with_grad(made, options);
}

}  // namespace

Tensor empty(const Shape& shape, const TensorOptions& options) {
  return with_grad(make_tensor(shape, options.dtype, options.device), options);
}

Tensor full(const Shape& shape, Scalar value, const TensorOptions& options) {
  check_number_fits(value, options.dtype);
  return filled(shape, value, options);
}
Tensor scalar_tensor(Scalar value, const TensorOptions& options) {
  if (size_of(options.dtype) != 2 || !is_floating_point(options.dtype)) check_number_fits(value, options.dtype);
  return filled({}, value, options);
}

Tensor zeros(const Shape& shape, const TensorOptions& options) {
  for (const std::int64_t extent : shape) check<ShapeError>(extent >= 0, "zeros: Dimension size must be non-negative.");
  return filled(shape, 0, options);
}
Tensor ones(const Shape& shape, const TensorOptions& options) { return filled(shape, 1, options); }

Tensor empty_like(const Tensor& like) { return empty(like.shape(), {.dtype = like.dtype(), .device = like.device()}); }
Tensor zeros_like(const Tensor& like) { return full_like(like, 0); }
Tensor ones_like(const Tensor& like) { return full_like(like, 1); }
Tensor full_like(const Tensor& like, Scalar value) {
  return full(like.shape(), value, {.dtype = like.dtype(), .device = like.device()});
}

Tensor arange(std::int64_t end, const TensorOptions& options) { return arange(0, end, 1, options); }

Tensor arange(Scalar start, Scalar end, Scalar step, const std::optional<TensorOptions>& given) {
  const bool whole = start.is_integer && end.is_integer && step.is_integer;
  const TensorOptions options = given.value_or(TensorOptions{.dtype = whole ? DType::int64 : DType::float32});
  check_not_bool("arange", options.dtype);
  check<ValueError>(step.floating != 0, "step must be nonzero");
  check<ValueError>(std::isfinite(start.floating) && std::isfinite(end.floating),
                    "unsupported range: ", stream_float(start.floating), " -> ", stream_float(end.floating));
  check<ValueError>(std::isfinite(step.floating), "step must be finite but got ", stream_float(step.floating));
  check<ValueError>(step.floating > 0 ? end.floating >= start.floating : end.floating <= start.floating,
                    "upper bound and lower bound inconsistent with step sign");
  auto count = static_cast<std::int64_t>(std::ceil((end.floating - start.floating) / step.floating));
  if (is_whole_number(options.dtype)) {
    const std::int64_t first = whole_part(start), by = whole_part(step);
    const std::int64_t span = end.integer - first;
    if (whole && options.dtype == DType::int64) count = span / by + (span % by != 0);
    return sequence<std::int64_t>(count, options, [=](std::int64_t i) { return first + i * by; });
  }
  // Each is rounded once: a step is no multiple of itself after some additions.
  const auto of = [&]<class T>(T first, T by) {
    return sequence<T>(count, options, [=](std::int64_t i) { return std::fma(static_cast<T>(i), by, first); });
  };
  return options.dtype == DType::float32 || options.dtype == DType::float64
             ? of(start.floating, step.floating)
             : of(static_cast<float>(start.floating), static_cast<float>(step.floating));
}

Tensor linspace(double start, double end, std::int64_t steps, const TensorOptions& options) {
  check<ValueError>(steps >= 0, "number of steps must be non-negative");
  if (steps > 1) check_not_bool("linspace", options.dtype);
  check_number_fits(start, options.dtype);
  check_number_fits(end, options.dtype);
  // From both ends towards the middle, so that both are exact.
  const auto of = [&]<class T>(T first, T last) {
    const T step = steps > 1 ? (last - first) / static_cast<T>(steps - 1) : T(0);
    return sequence<T>(steps, options, [=](std::int64_t i) {
      return i < steps / 2 || steps == 1 ? first + step * static_cast<T>(i)
                                         : last - step * static_cast<T>(steps - i - 1);
    });
  };
  return options.dtype == DType::float64 || category(options.dtype) <= DTypeCategory::integer
             ? of(start, end)
             : of(static_cast<float>(start), static_cast<float>(end));
}

Tensor eye(std::int64_t rows, std::optional<std::int64_t> given_columns, const TensorOptions& options) {
  const std::int64_t columns = given_columns.value_or(rows);
  check<ValueError>(rows >= 0, "n must be greater or equal to 0, got ", rows);
  check<ValueError>(columns >= 0, "m must be greater or equal to 0, got ", columns);
  TensorOptions plain = options;
  plain.requires_grad = false;
  const Tensor made = zeros({rows, columns}, plain);
  const std::int64_t diagonal = std::min(rows, columns);
  if (diagonal > 0) made.as_strided({diagonal}, {columns + 1}, 0).fill_(1);
  return with_grad(made, options);
}

}  // namespace cairn
