// Logarithm, sine and cosine in float, as the polynomials of Moshier's Cephes library compute them, operation by
// operation: that is what PyTorch makes normal numbers with where a machine has AVX2.
//
//   logarithm     2^e m, m of [√½, √2)    e log 2 + x - x²/2 + x³ P(x), x = m - 1
//   sine_cosine   the nearest multiple of a quarter turn is taken away, and says whose sine or cosine, ±, the rest has
//
// Every multiplication that is fused with an addition is written as one: they are those that PyTorch's compiler fused.
// Without branches, so that a loop over them becomes one over registers.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace cairn {

template <class T>
struct SineCosine {
  T sine, cosine;
};

/// Horner's rule, each step fused: `first` is the coefficient of the highest power.
template <class T, class... Coefficients>
inline T polynomial(T x, T first, Coefficients... others) {
  ((first = std::fma(first, x, static_cast<T>(others))), ...);
  return first;
}

/// Of a normal number above 0.
inline float logarithm(float number) {
  const auto bits = std::bit_cast<std::int32_t>(number);
  const float half_to_one = std::bit_cast<float>((bits & 0x007fffff) | 0x3f000000);
  const std::int32_t below = -static_cast<std::int32_t>(half_to_one < 0.707106781186547524f);  // all bits, or none
  const auto e = static_cast<float>((bits >> 23) - 126 + below);
  const float x = (half_to_one - 1) + std::bit_cast<float>(std::bit_cast<std::int32_t>(half_to_one) & below);
  const float square = x * x;
  const float cubic =
      x * polynomial(x, 7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f,
                     -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f);
  const float rest = std::fma(cubic, square, e * -2.12194440e-4f);  // log 2 = 0.693359375 - 0.000212...
  return std::fma(e, 0.693359375f, x + std::fma(-0.5f, square, rest));
}

/// Of an angle of [0, 8192).
inline SineCosine<float> sine_cosine(float angle) {
  // An even number of eighths of a turn.
  const std::int32_t eighths = (static_cast<std::int32_t>(angle * 1.27323954473516f) + 1) & ~1;  // 4 / π
  const auto y = static_cast<float>(eighths);
  float x = std::fma(y, -0.78515625f, angle);  // minus π / 4 for each, in three parts
  x = std::fma(y, -2.4187564849853515625e-4f, x);
  x = std::fma(y, -3.77489497744594108e-8f, x);
  const float square = x * x;
  const float even = polynomial(square, 2.443315711809948e-5f, -1.388731625493765e-3f, 4.166664568298827e-2f);
  const float cosine = std::fma(even * square, square, -0.5f * square) + 1;
  const float odd = polynomial(square, -1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f);
  const float sine = std::fma(odd * square, x, x);

  const auto s = std::bit_cast<std::int32_t>(sine), c = std::bit_cast<std::int32_t>(cosine);
  const std::int32_t exchanged = (s ^ c) & -((eighths >> 1) & 1);
  const std::int32_t s_sign = (eighths & 4) << 29, c_sign = ((eighths + 2) & 4) << 29;
  return {std::bit_cast<float>(s ^ exchanged ^ s_sign), std::bit_cast<float>(c ^ exchanged ^ c_sign)};
}

}  // namespace cairn
