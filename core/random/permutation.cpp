// Permutations, by the shuffle of Fisher and Yates: each number changes places with one of those from it on.

#include <span>
#include <utility>

#include <cairn/core/random.h>
#include <cairn/core/random/engine.h>

namespace cairn {
namespace {

/// Throws unless the dtype counts to n - 1.
void check_counts_to(std::int64_t n, DType dtype) {
  const auto check_last = [&](std::int64_t last, std::string_view type) {
    check<ValueError>(n - 1 <= last, "value cannot be converted to type ", type, " without overflow");
  };
  const auto check_digits = [&](int digits, const char* most) {
    check<ValueError>(n <= (std::int64_t{1} << digits) + 1, "n cannot be greater than ", most, " for ",
                      scalar_type_name(dtype), " type.");
  };
  switch (dtype) {
    case DType::uint8:
      return check_last(255, "uint8_t");
    case DType::int8:
      return check_last(127, "int8_t");
    case DType::int16:
      return check_last(32767, "int16_t");
    case DType::int32:
      return check_last(2147483647, "int");
    case DType::int64:
    case DType::bfloat16:  // which rounds, as PyTorch lets it
      return;
    case DType::float16:
      return check_digits(11, "2049");
    case DType::float32:
      return check_digits(24, "2^24+1");
    case DType::float64:
      return check_digits(53, "2^53+1");
    default:
      throw DTypeError(text("\"randperm\" not implemented for '", scalar_type_name(dtype), "'"));
  }
}

constexpr std::int64_t many = 214'748'364;  // where the remainders of 32 bits would be visibly uneven

void shuffle(std::span<std::int64_t> order, MersenneTwister& twister) {
  for (std::size_t i = 0; i + 1 < order.size(); ++i)
    std::swap(order[i], order[i + twister.draw() % (order.size() - i)]);
}

/// The other way round: the i-th number takes the place of one of those up to it, which moves to the end.
void shuffle_many(std::span<std::int64_t> order, Generator::Engine& engine) {
  for (std::size_t i = 0; i < order.size(); ++i) std::swap(order[i], order[engine.draw64() % (i + 1)]);
}

}  // namespace

Tensor randperm(std::int64_t n, const TensorOptions& options, const OptionalGenerator& generator) {
  check<ShapeError>(n >= 0, "Trying to create tensor with negative dimension ", n, ": [", n, "]");
  if (options.device.is_meta()) return empty({n}, options);
  check_counts_to(n, options.dtype);
  const Tensor numbers = arange(n);
  const std::span<std::int64_t> order = numbers.data<std::int64_t>();
  {
    const LockedGenerator from(generator);
    if (n < many)
      shuffle(order, from.engine().twister);
    else
      shuffle_many(order, from.engine());
  }
  Tensor made = numbers.to(options.dtype).to(options.device);
  return options.requires_grad ? made.requires_grad_() : made;
}

Tensor randperm(std::int64_t n, const OptionalGenerator& generator) {
  return randperm(n, {.dtype = DType::int64}, generator);
}

}  // namespace cairn
