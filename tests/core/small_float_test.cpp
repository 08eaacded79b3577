// Small floats: every bit pattern widened, and narrowing checked against the definition.
#include <cairn/core/small_float.h>

#include "catch.h"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace cairn;

namespace {

/// What the bits mean by the definition of the format, computed in double.
double meaning(std::uint32_t bits, int exponent_bits, int fraction_bits, bool has_infinity) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const std::uint32_t top = (1u << exponent_bits) - 1, fraction = bits & ((1u << fraction_bits) - 1);
  const std::uint32_t exponent = bits >> fraction_bits & top;
  const double sign = bits >> (exponent_bits + fraction_bits) & 1 ? -1 : 1;
  if (has_infinity && exponent == top) return fraction ? std::nan("") : sign * std::numeric_limits<double>::infinity();
  if (!has_infinity && exponent == top && fraction == (1u << fraction_bits) - 1) return std::nan("");
  const double scale = std::ldexp(1.0, -fraction_bits);
  return exponent == 0 ? sign * std::ldexp(fraction * scale, 1 - bias)
                       : sign * std::ldexp(1 + fraction * scale, static_cast<int>(exponent) - bias);
}

template <class T>
T from_bits(std::uint32_t bits) {
  T number;
  number.bits = static_cast<decltype(number.bits)>(bits);
  return number;
}

/// Checks every pattern of a type, and narrowing at, between and beside neighbouring numbers.
template <class T>
void check_type(int exponent_bits, int fraction_bits, bool has_infinity) {
  const std::uint32_t sign = 1u << (exponent_bits + fraction_bits);
  int wrong_widened = 0, wrong_back = 0, wrong_rounded = 0;
  for (std::uint32_t bits = 0; bits < 2 * sign; ++bits) {
    const double expected = meaning(bits, exponent_bits, fraction_bits, has_infinity);
    const float wide = static_cast<float>(from_bits<T>(bits));
    if (std::isnan(expected)) {
      wrong_widened += !std::isnan(wide);
      wrong_back += !std::isnan(static_cast<float>(T(wide)));
      continue;
    }
    wrong_widened += !(static_cast<double>(wide) == expected && std::signbit(wide) == std::signbit(expected));
    wrong_back += T(wide).bits != bits;
    // Halfway to the next number rounds to the even pattern; just beside it, to the nearer one.
    const double next = bits + 1 < sign ? meaning(bits + 1, exponent_bits, fraction_bits, has_infinity) : std::nan("");
    if (!std::isfinite(next) || !std::isfinite(expected)) continue;
    const float halfway = static_cast<float>((expected + next) / 2);
    if (static_cast<double>(halfway) != (expected + next) / 2)
      continue;  // bfloat16's smallest: float has nothing between
    wrong_rounded += T(halfway).bits != (bits & 1 ? bits + 1 : bits);
    wrong_rounded += T(std::nextafter(halfway, 0.0f)).bits != bits;
    wrong_rounded += T(std::nextafter(halfway, std::numeric_limits<float>::infinity())).bits != bits + 1;
  }
  CHECK(wrong_widened == 0);
  CHECK(wrong_back == 0);
  CHECK(wrong_rounded == 0);
}

}  // namespace

TEST_CASE("Every pattern of a small float widens to what it means and narrows back; halfway rounds to even") {
  SECTION("float16") { check_type<float16>(5, 10, true); }
  SECTION("bfloat16") { check_type<bfloat16>(8, 7, true); }
  SECTION("float8_e4m3fn") { check_type<float8_e4m3fn>(4, 3, false); }
  SECTION("float8_e5m2") { check_type<float8_e5m2>(5, 2, true); }
}

TEST_CASE("Out of range becomes infinity, or the largest number where there is none") {
  CHECK(static_cast<float>(float16(65504.0f)) == 65504.0f);
  CHECK(static_cast<float>(float16(65519.996f)) == 65504.0f);
  CHECK(std::isinf(static_cast<float>(float16(65520.0f))));
  CHECK(std::isinf(static_cast<float>(float16(-1e30f))));
  CHECK(static_cast<float>(float16(-1e30f)) < 0);
  CHECK(static_cast<float>(float8_e5m2(57344.0f)) == 57344.0f);
  CHECK(std::isinf(static_cast<float>(float8_e5m2(1e6f))));
  CHECK(static_cast<float>(float8_e4m3fn(448.0f)) == 448.0f);
  CHECK(static_cast<float>(float8_e4m3fn(464.0f)) == 448.0f);
  CHECK(static_cast<float>(float8_e4m3fn(465.0f)) == 448.0f);
  CHECK(static_cast<float>(float8_e4m3fn(std::numeric_limits<float>::infinity())) == 448.0f);
  CHECK(static_cast<float>(float8_e4m3fn(-1e9f)) == -448.0f);
  CHECK(std::isinf(static_cast<float>(bfloat16(std::numeric_limits<float>::max()))));
}

TEST_CASE("NaN stays NaN and zero keeps its sign") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(std::isnan(static_cast<float>(float16(nan))));
  CHECK(std::isnan(static_cast<float>(bfloat16(nan))));
  CHECK(std::isnan(static_cast<float>(float8_e4m3fn(nan))));
  CHECK(std::isnan(static_cast<float>(float8_e5m2(nan))));
  CHECK(float16(-0.0f).bits == 0x8000);
  CHECK(std::signbit(static_cast<float>(float8_e4m3fn(-0.0f))));
  CHECK(float16(std::numeric_limits<float>::denorm_min()).bits == 0);
}

TEST_CASE("Well-known numbers have their well-known bits") {
  CHECK(float16(1.0f).bits == 0x3c00);
  CHECK(float16(0.1f).bits == 0x2e66);
  CHECK(float16(5.9604645e-8f).bits == 1);
  CHECK(bfloat16(1.0f).bits == 0x3f80);
  CHECK(bfloat16(3.1415927f).bits == 0x4049);
  CHECK(float8_e4m3fn(1.0f).bits == 0x38);
  CHECK(float8_e5m2(1.0f).bits == 0x3c);
}
