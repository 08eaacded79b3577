// One number, as the X that elementwise.h's functions are written over: what a CUDA thread computes with.
//
// The CPU's counterpart is the packet (cpu/packet.h). Stored types and computed types differ for the small floats,
// which are computed with as float: `Number<Computed<float16>>` is a Number<float>.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include <cairn/core/host_device.h>
#include <cairn/core/small_float.h>

namespace cairn {

/// What arithmetic on elements of type T is done in.
template <class T>
using Computed = std::conditional_t<std::is_same_v<T, float16> || std::is_same_v<T, bfloat16>, float, T>;

/// base to the power of exponent, wrapping around; of a negative exponent what is left of the fraction, towards 0.
CAIRN_HOST_DEVICE inline std::int64_t whole_power(std::int64_t base, std::int64_t exponent) {
  if (exponent < 0) {
    if (base == 1) return 1;
    return base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0;
  }
  std::uint64_t power = 1, square = static_cast<std::uint64_t>(base);
  for (; exponent > 0; exponent /= 2, square *= square)
    if (exponent % 2 == 1) power *= square;
  return static_cast<std::int64_t>(power);
}

template <class T>
struct Number {
  T value;

  Number() = default;
  template <class Arithmetic, class = std::enable_if_t<std::is_arithmetic_v<Arithmetic>>>
  CAIRN_HOST_DEVICE explicit Number(Arithmetic number) : value(static_cast<T>(number)) {}
  CAIRN_HOST_DEVICE explicit Number(float16 number) : value(static_cast<T>(static_cast<float>(number))) {}
  CAIRN_HOST_DEVICE explicit Number(bfloat16 number) : value(static_cast<T>(static_cast<float>(number))) {}

  /// The number as an element of type `Stored`, rounded where that is narrower.
  template <class Stored>
  CAIRN_HOST_DEVICE Stored as() const {
    if constexpr (std::is_same_v<Stored, T>)
      return value;
    else
      return Stored(static_cast<float>(value));
  }

  // Whole numbers wrap around, as PyTorch's do.
  static constexpr bool wraps = std::is_integral_v<T>;
  using Bits = std::conditional_t<wraps, std::uint64_t, T>;
  CAIRN_HOST_DEVICE Bits bits() const { return static_cast<Bits>(value); }

  CAIRN_HOST_DEVICE friend Number operator+(Number a, Number b) { return Number(static_cast<T>(a.bits() + b.bits())); }
  CAIRN_HOST_DEVICE friend Number operator-(Number a, Number b) { return Number(static_cast<T>(a.bits() - b.bits())); }
  CAIRN_HOST_DEVICE friend Number operator*(Number a, Number b) { return Number(static_cast<T>(a.bits() * b.bits())); }
  CAIRN_HOST_DEVICE friend Number operator/(Number a, Number b) { return Number(a.value / b.value); }
  CAIRN_HOST_DEVICE friend Number operator-(Number a) {
    if constexpr (wraps)
      return Number(static_cast<T>(0 - a.bits()));
    else
      return Number(-a.value);
  }
  CAIRN_HOST_DEVICE friend bool less(Number a, Number b) { return a.value < b.value; }
  CAIRN_HOST_DEVICE friend bool equal(Number a, Number b) { return a.value == b.value; }
  CAIRN_HOST_DEVICE friend Number select(bool condition, Number a, Number b) { return condition ? a : b; }
  CAIRN_HOST_DEVICE friend Number magnitude(Number x) {
    if constexpr (wraps)
      return x.value < 0 ? -x : x;
    else
      return Number(std::fabs(x.value));
  }
  CAIRN_HOST_DEVICE friend Number exp(Number x) { return Number(std::exp(x.value)); }
  CAIRN_HOST_DEVICE friend Number log(Number x) { return Number(std::log(x.value)); }
  CAIRN_HOST_DEVICE friend Number sqrt(Number x) { return Number(std::sqrt(x.value)); }
  CAIRN_HOST_DEVICE friend Number tanh(Number x) { return Number(std::tanh(x.value)); }
  CAIRN_HOST_DEVICE friend Number erf(Number x) { return Number(std::erf(x.value)); }
  CAIRN_HOST_DEVICE friend Number pow(Number base, Number exponent) {
    if constexpr (wraps)
      return Number(whole_power(base.value, exponent.value));
    else
      return Number(std::pow(base.value, exponent.value));
  }
};

}  // namespace cairn
