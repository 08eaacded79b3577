// Floating-point numbers of 16 and 8 bits: stored as they are, computed with as float.
//
//   type            sign exponent fraction   bias   largest    what is missing
//   float16            1        5       10     15     65504
//   bfloat16           1        8        7    127   3.39e38
//   float8_e4m3fn      1        4        3      7       448   infinities ("fn": finite; only S.1111.111 is NaN)
//   float8_e5m2        1        5        2     15     57344
//
// Widening is exact. Narrowing rounds to nearest, ties to even, as PyTorch does: out of range becomes infinity, or the
// largest number where there is none (Micikevicius et al., "FP8 formats for deep learning", 2022, section 3).
#pragma once

#include <cstdint>
#include <cstring>

#include <cairn/core/host_device.h>

namespace cairn {

/// Rounds a float to `exponent_bits` and `fraction_bits` (sign on top), for formats with infinities when
/// `has_infinity`.
template <int exponent_bits, int fraction_bits, bool has_infinity>
CAIRN_HOST_DEVICE inline std::uint32_t narrow_float(float value) {
  constexpr int bias = (1 << (exponent_bits - 1)) - 1;
  constexpr std::uint32_t sign_bit = 1u << (exponent_bits + fraction_bits);
  constexpr std::uint32_t exponent_mask = ((1u << exponent_bits) - 1) << fraction_bits;
  constexpr std::uint32_t not_a_number =
      has_infinity ? exponent_mask | (1u << (fraction_bits - 1)) : exponent_mask | ((1u << fraction_bits) - 1);
  constexpr std::uint32_t overflow = has_infinity ? exponent_mask : not_a_number - 1;
  constexpr std::uint32_t largest = has_infinity ? exponent_mask - 1 : not_a_number - 1;

  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const std::uint32_t sign = (bits >> 31) ? sign_bit : 0;
  bits &= 0x7fffffffu;
  if (bits > 0x7f800000u) return sign | not_a_number;

  const int exponent = static_cast<int>(bits >> 23) - 127 + bias;
  std::uint32_t kept;
  int dropped = 23 - fraction_bits;
  std::uint32_t fraction = bits & 0x7fffffu;
  if (exponent >= 1 || exponent_bits == 8) {  // bfloat16 has float's exponents, subnormals included
    kept = bits - (static_cast<std::uint32_t>(127 - bias) << 23);  // the exponent re-biased in place
  } else {                                                         // subnormal: the leading one is spelled out
    fraction |= 0x800000u;
    dropped += 1 - exponent;
    if (dropped > 24 || (bits >> 23) == 0) return sign;  // less than half of the smallest number
    kept = fraction;
  }
  std::uint32_t result = kept >> dropped;
  const std::uint32_t rest = kept & ((1u << dropped) - 1), half = 1u << (dropped - 1);
  if (rest > half || (rest == half && (result & 1))) ++result;
  return sign | (result > largest ? overflow : result);
}

/// The float that the bits mean; the inverse of `narrow_float`.
template <int exponent_bits, int fraction_bits, bool has_infinity>
CAIRN_HOST_DEVICE inline float widen_float(std::uint32_t bits) {
  constexpr int bias = (1 << (exponent_bits - 1)) - 1;
  constexpr std::uint32_t top = (1u << exponent_bits) - 1;
  constexpr std::uint32_t fraction_mask = (1u << fraction_bits) - 1;
  const std::uint32_t sign = (bits >> (exponent_bits + fraction_bits) & 1u) << 31;
  const std::uint32_t exponent = bits >> fraction_bits & top;
  std::uint32_t fraction = bits & fraction_mask;
  std::uint32_t wide;
  if (exponent_bits == 8) {
    wide = (bits & ((1u << (exponent_bits + fraction_bits)) - 1)) << (23 - fraction_bits);
  } else if (exponent == top && (has_infinity || fraction == fraction_mask)) {
    wide = 0x7f800000u | (fraction << (23 - fraction_bits));
  } else if (exponent != 0) {
    wide = (exponent + 127 - bias) << 23 | fraction << (23 - fraction_bits);
  } else if (fraction == 0) {
    wide = 0;
  } else {
    int shift = 0;
    while (!(fraction >> fraction_bits)) fraction <<= 1, ++shift;
    wide = static_cast<std::uint32_t>(1 - shift + 127 - bias) << 23 | (fraction & fraction_mask)
                                                                          << (23 - fraction_bits);
  }
  wide |= sign;
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

/// A number of `1 + exponent_bits + fraction_bits` bits in `Bits`; converts from and to float.
template <class Bits, int exponent_bits, int fraction_bits, bool has_infinity>
struct SmallFloat {
  Bits bits = 0;

  SmallFloat() = default;
  CAIRN_HOST_DEVICE explicit SmallFloat(float value)
      : bits(static_cast<Bits>(narrow_float<exponent_bits, fraction_bits, has_infinity>(value))) {}
  CAIRN_HOST_DEVICE explicit operator float() const {
    return widen_float<exponent_bits, fraction_bits, has_infinity>(bits);
  }
};

using float16 = SmallFloat<std::uint16_t, 5, 10, true>;
using bfloat16 = SmallFloat<std::uint16_t, 8, 7, true>;
using float8_e4m3fn = SmallFloat<std::uint8_t, 4, 3, false>;
using float8_e5m2 = SmallFloat<std::uint8_t, 5, 2, true>;

}  // namespace cairn
