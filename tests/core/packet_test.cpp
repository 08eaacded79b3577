// core/cpu/packet.h through the operations that use it: exp and log over their whole range, subnormal numbers included.

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include <cairn/core.h>

#include "catch.h"
#include "instruction_sets.h"

using namespace cairn;

namespace {

/// The distance between `found` and `exact` in units of the last place that a T near `exact` has.
template <class T>
double units(T found, long double exact) {
  using Limits = std::numeric_limits<T>;
  if (static_cast<long double>(found) == exact || (std::isinf(found) && std::isinf(static_cast<T>(exact)))) return 0;
  int exponent = 0;
  std::frexp(static_cast<double>(exact), &exponent);
  const int last_place = std::max(exponent - Limits::digits, Limits::min_exponent - Limits::digits);
  return static_cast<double>(std::fabs(static_cast<long double>(found) - exact) / std::ldexp(1.0L, last_place));
}

template <class T>
void check_units(Tensor (*function)(const Tensor&), long double (*exact)(long double), const std::vector<T>& values) {
  const Tensor found = function(from_bytes(values.data(), {static_cast<std::int64_t>(values.size())}, dtype_of<T>));
  double worst = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    worst = std::max(worst, units(found.data<T>()[i], exact(static_cast<long double>(values[i]))));
  CHECK(worst < 5);
}

}  // namespace

TEMPLATE_TEST_CASE("exp and log are right to a few units in the last place over their whole range", "", float, double) {
  constexpr bool is_float = sizeof(TestType) == 4;
  std::mt19937_64 engine(3);
  std::uniform_real_distribution<TestType> exponents(is_float ? -106 : -750, is_float ? 89 : 710);
  std::vector<TestType> any(20000), positive(20000);
  for (TestType& x : any) x = exponents(engine);
  for (std::size_t i = 0; i < positive.size(); ++i) {
    // Every exponent alike; of every second number the exponent is that of the subnormal ones.
    std::uint64_t bits = engine() & (is_float ? 0x7f7fffffu : 0x7fefffffffffffffu);
    if (i % 2) bits &= is_float ? 0x7fffffu : 0xfffffffffffffu;
    bits |= 1;
    std::memcpy(&positive[i], &bits, sizeof(TestType));  // the low bytes come first
  }
  on_every_instruction_set([&] {
    check_units<TestType>(
        exp, [](long double x) { return std::exp(x); }, any);
    check_units<TestType>(
        log, [](long double x) { return std::log(x); }, positive);
  });
}
