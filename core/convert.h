// How an element of one type becomes an element of another: the rules that every backend follows.
//
//   bool, integers           ──►  int64   ──►
//   floats of up to 32 bits  ──►  float   ──►   any type
//   float64                  ──►  double  ──►
//
// A conversion goes through a type that lies between and holds every number of the source exactly, so that n types need
// n ways in and n out for each of the three, not n². What does not fit converts as PyTorch's does on x86-64: a float
// beyond an integer's range, or NaN, becomes the smallest number there is (of 32 bits, for narrower signed integers,
// which then wrap); integers wrap; a complex number loses its imaginary part, and is true where either part is.
#pragma once

#include <complex>
#include <cstdint>
#include <type_traits>

#include <cairn/core/attributes.h>
#include <cairn/core/dtype.h>
#include <cairn/core/host_device.h>

namespace cairn {

template <class T>
inline constexpr bool is_whole = Element<T>::category <= DTypeCategory::integer;
template <class T>
inline constexpr bool is_complex = Element<T>::category == DTypeCategory::complex;

struct ComplexParts {
  float real, imaginary;
};

/// An element as it lies in memory. A bool is a byte: those of a file may be neither 0 nor 1.
template <class T>
using Raw =
    std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, std::conditional_t<is_complex<T>, ComplexParts, T>>;

/// What lies between a `From` and what it is converted to.
template <class From>
using Between =
    std::conditional_t<is_whole<From>, std::int64_t, std::conditional_t<std::is_same_v<From, double>, double, float>>;

/// The way in. `truth`: the number will be a bool.
template <class From>
CAIRN_HOST_DEVICE inline Between<From> widened(const Raw<From>& raw, [[maybe_unused]] bool truth) {
  if constexpr (is_complex<From>)
    return truth ? static_cast<float>(raw.real != 0 || raw.imaginary != 0) : raw.real;
  else if constexpr (std::is_same_v<From, bool>)
    return raw != 0;
  else
    return static_cast<Between<From>>(raw);
}

/// Towards 0; the smallest number for what is out of range.
template <class Whole, class Floating>
CAIRN_HOST_DEVICE inline Whole truncated(Floating value) {
  constexpr Whole smallest = Whole{1} << (8 * sizeof(Whole) - 1);
  constexpr Floating limit = -static_cast<Floating>(smallest);
  return value >= -limit && value < limit ? static_cast<Whole>(value) : smallest;
}

/// The way out, from what lies between.
template <class To, class Value>
CAIRN_HOST_DEVICE inline Raw<To> converted(Value value) {
  if constexpr (std::is_same_v<To, bool>)
    return value != 0;
  else if constexpr (is_complex<To>)
    return {static_cast<float>(value), 0};
  else if constexpr (std::is_same_v<To, double> || (is_whole<To> && std::is_integral_v<Value>))
    return static_cast<To>(value);
  else if constexpr (!is_whole<To>)
    return static_cast<To>(static_cast<float>(value));
  else if constexpr (std::is_same_v<To, std::int64_t> || std::is_same_v<To, std::uint8_t>)
    return static_cast<To>(truncated<std::int64_t>(value));
  else
    return static_cast<To>(truncated<std::int32_t>(value));
}

/// The element that a tensor of `To` is filled with.
template <class To>
Raw<To> filling(const FillAttributes& attributes) {
  return is_whole<To> && static_cast<double>(attributes.integer) == attributes.floating
             ? converted<To>(attributes.integer)
             : converted<To>(attributes.floating);
}

/// As many bits as a T has, to move them without looking at them.
template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 1, std::uint8_t,
                                  std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                                     std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;

}  // namespace cairn
