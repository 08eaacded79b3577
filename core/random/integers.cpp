// Whole numbers: the remainder of 32 random bits, or of 64 where the range is so large that a few numbers would be
// drawn visibly more often than others.

#include <bit>
#include <limits>

#include <cairn/core/convert.h>
#include <cairn/core/number.h>
#include <cairn/core/random/filling.h>

namespace cairn {
namespace {

constexpr std::int64_t smallest_int64 = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t largest_int64 = std::numeric_limits<std::int64_t>::max();

/// The bits of a float's significand, which whole numbers may have without being rounded.
int digits_of(DType dtype) {
  switch (dtype) {
    case DType::float16:
      return 11;
    case DType::bfloat16:
      return 8;
    case DType::float32:
      return 24;
    default:
      return 53;
  }
}

/// The largest number of an integer dtype, and the one that floats count to.
std::int64_t last_of(DType dtype) {
  if (is_floating_point(dtype)) return std::int64_t{1} << digits_of(dtype);
  if (dtype == DType::boolean) return 1;
  const int bits = 8 * static_cast<int>(size_of(dtype)) - (dtype == DType::uint8 ? 0 : 1);
  return static_cast<std::int64_t>((std::uint64_t{1} << bits) - 1);
}

bool holds(DType dtype, std::int64_t number) {
  if (dtype == DType::float16) return number >= -65504 && number <= 65504;
  if (is_floating_point(dtype)) return true;
  const bool is_signed = dtype != DType::uint8 && dtype != DType::boolean;
  return number <= last_of(dtype) && number >= (is_signed ? -last_of(dtype) - 1 : 0);
}

/// `number` as the dtype rounds it.
std::int64_t rounded(DType dtype, std::int64_t number) {
  std::int64_t result = number;
  for_each_type(RealTypes{}, [&]<class T>() {
    if (dtype_of<T> == dtype) result = truncated<std::int64_t>(static_cast<Computed<T>>(converted<T>(number)));
  });
  return result;
}

/// How far apart a floating dtype's numbers lie at the size of `number`, which it does not hold exactly.
std::int64_t spacing(DType dtype, std::int64_t number) {
  const auto magnitude = static_cast<std::uint64_t>(number < 0 ? -number : number);
  return std::int64_t{1} << (static_cast<int>(std::bit_width(magnitude)) - digits_of(dtype));
}

// A floating dtype rounds the numbers drawn, perhaps to one outside the range: its bounds move inwards.
std::int64_t moved_low(DType dtype, std::int64_t low) {
  if (low == largest_int64 || rounded(dtype, low + 1) >= low) return low;
  return rounded(dtype, low + 1) + spacing(dtype, low + 1);
}
std::int64_t moved_high(DType dtype, std::int64_t high) {
  return rounded(dtype, high - 1) < high ? high : rounded(dtype, high - 1) - spacing(dtype, high - 1);
}

void check_bounds(DType dtype, std::int64_t low, std::int64_t last) {
  check<ValueError>(holds(dtype, low), "from is out of bounds for ", type_name(dtype));
  check<ValueError>(holds(dtype, last), "to - 1 is out of bounds for ", type_name(dtype));
}

/// Numbers of [low, low + range); a range of 0 stands for 2^64.
void fill(const Tensor& tensor, std::int64_t low, std::uint64_t range, bool wide, const OptionalGenerator& generator) {
  fill_drawn(NumberTypes{}, tensor, generator, [&]<class T>(T* numbers, std::int64_t count, Generator::Engine& engine) {
    for (std::int64_t i = 0; i < count; ++i) {
      const std::uint64_t bits = wide ? engine.draw64() : engine.twister.draw();
      const std::uint64_t number = (range == 0 ? bits : bits % range) + static_cast<std::uint64_t>(low);
      numbers[i] = converted<T>(static_cast<std::int64_t>(number));
    }
  });
}

bool is_wide(std::uint64_t range) { return range == 0 || range >= std::uint64_t{1} << 28; }

/// All of int64, which is more than the difference of two bounds can say.
void fill_int64_range(const Tensor& tensor, const OptionalGenerator& generator) {
  if (tensor.numel() == 0) return;
  const DType dtype = tensor.dtype();
  constexpr const char* kernel = "random_full_64_bits_range_kernel_cpu";
  check<DTypeError>(is_one_of(dtype, NumberTypes{}) && dtype != DType::float16 && dtype != DType::boolean, "\"", kernel,
                    "\" not implemented for '", scalar_type_name(dtype), "'");
  check<DTypeError>(is_floating_point(dtype) || dtype == DType::int64, kernel,
                    " handles only int64, double, float and bfloat16");
  fill(tensor, 0, 0, true, generator);
}

}  // namespace

const Tensor& random_(const Tensor& tensor, std::int64_t low, std::optional<std::int64_t> high,
                      const OptionalGenerator& generator) {
  check_drawn_in_place(tensor);
  const DType dtype = tensor.dtype();
  check<ValueError>(!high || low < *high, "random_ expects 'from' to be less than 'to', but got from=", low,
                    " >= to=", high.value_or(0));
  if (!high && low == smallest_int64) {
    fill_int64_range(tensor, generator);
    return tensor;
  }
  check<DTypeError>(category(dtype) != DTypeCategory::complex, high ? "check_random_bounds" : "random_from_to_impl",
                    " handles only integral, floating-point and boolean types");
  check<DTypeError>(is_one_of(dtype, NumberTypes{}), "\"", high ? "random_update_from_to" : "random_from_to_range_calc",
                    "\" not implemented for '", scalar_type_name(dtype), "'");
  std::int64_t last = high ? *high - 1 : last_of(dtype);
  if (is_floating_point(dtype)) {
    low = moved_low(dtype, low);
    if (high) {
      last = moved_high(dtype, *high) - 1;
      check<ValueError>(low <= last,
                        "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but "
                        "got from=",
                        low, " >= to=", last + 1);
    } else {
      check<ValueError>(low < last,
                        "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted "
                        "to dtype, but got from=",
                        low, " > to_inc=", last);
    }
  }
  check_bounds(dtype, low, last);
  const std::uint64_t range = static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(low) + 1;
  fill(tensor, low, range, is_wide(range), generator);
  return tensor;
}

const Tensor& random_(const Tensor& tensor, const OptionalGenerator& generator) {
  check_drawn_in_place(tensor);
  if (tensor.numel() == 0) return tensor;
  const DType dtype = tensor.dtype();
  check<DTypeError>(is_one_of(dtype, NumberTypes{}), "\"random_kernel_cpu\" not implemented for '",
                    scalar_type_name(dtype), "'");
  const bool wide = dtype == DType::int64 || dtype == DType::float64;
  fill(tensor, 0, static_cast<std::uint64_t>(last_of(dtype)) + 1, wide, generator);
  return tensor;
}

Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, const TensorOptions& options,
               const OptionalGenerator& generator) {
  Tensor made = empty(shape, {.dtype = options.dtype, .device = options.device});
  random_(made, low, high, generator);
  return options.requires_grad ? made.requires_grad_() : made;
}

Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, const OptionalGenerator& generator) {
  return randint(low, high, shape, {.dtype = DType::int64}, generator);
}

Tensor randint(std::int64_t high, const Shape& shape, const TensorOptions& options,
               const OptionalGenerator& generator) {
  return randint(0, high, shape, options, generator);
}

Tensor randint(std::int64_t high, const Shape& shape, const OptionalGenerator& generator) {
  return randint(0, high, shape, generator);
}

Tensor randint_like(const Tensor& like, std::int64_t low, std::int64_t high, const OptionalGenerator& generator) {
  return random_(empty_in_layout_of(like), low, high, generator);
}

}  // namespace cairn
