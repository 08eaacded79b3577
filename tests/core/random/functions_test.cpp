// Logarithm, sine and cosine against the C library's, which may differ from them in the last bit, and no further.
#include <cmath>
#include <cstdint>
#include <cstring>

#include <cairn/core/random.h>
#include <cairn/core/random/double_functions.h>

#include "catch.h"

using namespace cairn;

namespace {

/// How many numbers of type T lie between the two.
template <class T>
std::int64_t steps_between(T a, T b) {
  const auto place = [](T number) {
    std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t> bits;
    std::memcpy(&bits, &number, sizeof bits);
    return bits < 0 ? -static_cast<std::int64_t>(bits & ~(decltype(bits){1} << (8 * sizeof bits - 1)))
                    : static_cast<std::int64_t>(bits);
  };
  return std::abs(place(a) - place(b));
}

}  // namespace

TEST_CASE("In double, functions are off by at most a step, near the edges of their methods, too") {
  Generator generator(1);
  std::int64_t farthest = 0;
  const auto look = [&](double u) {
    u = std::floor(u * 0x1p53) * 0x1p-53;
    if (!(u >= 0 && u < 1)) return;
    const double angle = 6.283185307179586 * u;
    const SineCosine<double> found = sine_cosine(angle);
    for (const std::int64_t steps :
         {steps_between(logarithm(1 - u), std::log(1 - u)), steps_between(logarithm_1m(u), std::log1p(-u)),
          steps_between(found.sine, std::sin(angle)), steps_between(found.cosine, std::cos(angle))})
      farthest = std::max(farthest, steps);
  };
  for (const double edge : {0.0, 0x1p-53, 0x1p-29, 0x1p-20, 0.126 / 6.2831853, 0x1p-4, 0.1361, 0.25, 0.292893, 0.3861,
                            0.5, 0.625, 0.75, 0.875, 1 - 0x1p-20, 1 - 0x1p-53}) {
    for (int i = -200; i < 200; ++i) {
      look(edge + i * 0x1p-53);
      look(edge + i * 0x1p-30);
    }
  }
  for (int i = 0; i < 200'000; ++i) look(static_cast<double>(generator.random64() >> 11) * 0x1p-53);
  CHECK(farthest <= 1);
}

TEST_CASE("In float, functions are right to about the last bit of 1") {
  double worst = 0;
  for (int i = 1; i < 1 << 24; i += 101) {
    const float u = static_cast<float>(i) * 0x1p-24f, angle = 6.2831855f * u;
    const double exact = std::log(static_cast<double>(u));
    worst = std::max(worst, std::abs(static_cast<double>(logarithm(u)) - exact) / std::max(1.0, std::abs(exact)));
    const SineCosine<float> found = sine_cosine(angle);
    worst = std::max(worst, std::abs(static_cast<double>(found.sine) - std::sin(static_cast<double>(angle))));
    worst = std::max(worst, std::abs(static_cast<double>(found.cosine) - std::cos(static_cast<double>(angle))));
  }
  CHECK(worst < 1.5e-7);
  CHECK(logarithm(1.0f) == 0);
}
