// The rules of conversion, each in a sentence, and the CPU's kernels against them for every pair of dtypes.
#include <cairn/core/convert.h>

#include "catch.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <cairn/core.h>

using namespace cairn;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
const double not_a_number = std::nan("");

template <class To, class From>
Raw<To> from(const Raw<From>& raw) {
  return converted<To>(widened<From>(raw, std::is_same_v<To, bool>));
}

/// Whether both are the same number, or both are none.
template <class T>
bool same(const T& a, const T& b) {
  if constexpr (std::is_integral_v<T>)
    return a == b;
  else if constexpr (std::is_same_v<T, ComplexParts>)
    return same(a.real, b.real) && same(a.imaginary, b.imaginary);
  else if constexpr (sizeof(T) <= 2)
    return same(static_cast<float>(a), static_cast<float>(b));
  else
    return (a != a && b != b) || (a == b && std::signbit(a) == std::signbit(b));
}

/// All there is to convert of a small type, and a mixture of the others: every size of number, and every kind of bits.
template <class T>
std::vector<Raw<T>> samples() {
  std::vector<Raw<T>> samples;
  const auto add = [&](const auto& bits) {
    Raw<T> raw;
    std::memcpy(static_cast<void*>(&raw), &bits, sizeof raw);
    samples.push_back(raw);
  };
  if constexpr (sizeof(T) <= 2) {
    for (std::uint32_t bits = 0; bits < 1u << 8 * sizeof(T); ++bits) add(bits);
  } else {
    std::uint64_t bits = 88172645463325252;  // Marsaglia, "Xorshift RNGs", 2003
    for (int i = 0; i < 2000; ++i) {
      bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
      add(bits);
    }
    // clang-format off
    const double special[] = {0.0, 0.5, 1.0, 1.5, 127.0, 128.0, 255.9, 256.0, 32768.0, 65504.0, 65520.0, 2147483647.0,
                              2147483648.0, 2147483648.5, 4294967296.0, 9223372036854774784.0, 9223372036854775808.0,
                              1e30, 1e300, infinity, not_a_number};
    // clang-format on
    for (const double magnitude : special) {
      for (const double x : {magnitude, -magnitude}) {
        samples.push_back(converted<T>(x));
        if constexpr (is_complex<T>) samples.push_back({0, static_cast<float>(x)});
      }
    }
  }
  return samples;
}

}  // namespace

TEST_CASE("floats become integers towards 0, and the smallest integer where they do not fit") {
  CHECK(converted<std::int64_t>(-2.9) == -2);
  CHECK(converted<std::int32_t>(2.9f) == 2);
  for (const double beyond : {9223372036854775808.0, -9223372036854777856.0, infinity, -infinity, not_a_number}) {
    CAPTURE(beyond);
    CHECK(converted<std::int64_t>(beyond) == INT64_MIN);
    CHECK(converted<std::int32_t>(beyond) == INT32_MIN);
    CHECK(converted<std::int64_t>(static_cast<float>(beyond)) == INT64_MIN);
  }
  CHECK(converted<std::int64_t>(9223372036854774784.0) == 9223372036854774784);
  CHECK(converted<std::int64_t>(-9223372036854775808.0) == INT64_MIN);
  CHECK(converted<std::int32_t>(2147483647.9) == INT32_MAX);
  CHECK(converted<std::int32_t>(2147483648.0) == INT32_MIN);
  CHECK(converted<std::int32_t>(-2147483648.9) == INT32_MIN);
  // Narrower ones wrap, from 32 bits, or 64 for uint8.
  CHECK(converted<std::int8_t>(300.0) == 44);
  CHECK(converted<std::int16_t>(65535.0f) == -1);
  CHECK(converted<std::int8_t>(4294967297.0) == 0);
  CHECK(converted<std::uint8_t>(4294967297.0) == 1);
  CHECK(converted<std::uint8_t>(-1.0f) == 255);
}

TEST_CASE("integers wrap, and round to floats once") {
  CHECK(converted<std::int8_t>(std::int64_t{300}) == 44);
  CHECK(converted<std::uint8_t>(std::int64_t{-1}) == 255);
  CHECK(converted<std::int32_t>(INT64_MAX) == -1);
  CHECK(converted<double>(INT64_MAX) == 9223372036854775808.0);
  CHECK(converted<float>(std::int64_t{16'777'217}) == 16'777'216.0f);
  CHECK(static_cast<float>(converted<float16>(std::int64_t{100'000})) == std::numeric_limits<float>::infinity());
}

TEST_CASE("what is not 0 is true, bytes of a bool and parts of a complex number included") {
  CHECK(from<bool, double>(not_a_number) == 1);
  CHECK(from<bool, double>(-0.0) == 0);
  CHECK(from<bool, float>(std::numeric_limits<float>::denorm_min()) == 1);
  CHECK(from<bool, std::int64_t>(INT64_MIN) == 1);
  CHECK(from<std::int64_t, bool>(7) == 1);
  CHECK(from<float, bool>(0) == 0.0f);
  CHECK(from<bool, std::complex<float>>({0, 2}) == 1);
  CHECK(from<bool, std::complex<float>>({0, 0}) == 0);
  CHECK(from<float, std::complex<float>>({3, 2}) == 3.0f);
  CHECK(from<std::complex<float>, double>(1.5).real == 1.5f);
  CHECK(from<std::complex<float>, double>(1.5).imaginary == 0.0f);
}

TEST_CASE("a fill takes the integer for whole types, and the float where they differ") {
  CHECK(filling<std::int64_t>({9007199254740992.0, 9007199254740993}) == 9007199254740993);
  CHECK(filling<std::int64_t>({2.5, 0}) == 2);
  CHECK(filling<float>({2.5, 0}) == 2.5f);
  CHECK(filling<bool>({0.5, 0}) == 1);
}

TEST_CASE("the float between is exact: a double there would change nothing") {
  for_each_type(Elements{}, []<class From>() {
    if constexpr (std::is_same_v<Between<From>, float> && !is_complex<From>) {
      for_each_type(Elements{}, []<class To>() {
        int wrong = 0;
        for (const From& x : samples<From>()) {
          const float narrow = widened<From>(x, false);
          wrong += !same(converted<To>(narrow), converted<To>(static_cast<double>(narrow)));
        }
        INFO(Element<From>::name << " to " << Element<To>::name);
        CHECK(wrong == 0);
      });
    }
  });
}

TEST_CASE("the CPU converts every dtype to every other by these rules, whatever the strides") {
  for_each_type(Elements{}, []<class From>() {
    const std::vector<Raw<From>> x = samples<From>();
    const Tensor in = empty({static_cast<std::int64_t>(x.size())}, {.dtype = dtype_of<From>});
    std::memcpy(in.raw_data(), x.data(), x.size() * sizeof(From));
    for_each_type(Elements{}, [&]<class To>() {
      if constexpr (!std::is_same_v<From, To>) {
        const Tensor out = zeros({in.numel(), 3}, {.dtype = dtype_of<To>});
        out.select(1, 1).copy_(in);
        const auto* y = static_cast<const Raw<To>*>(out.raw_data());
        int wrong = 0, touched = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
          wrong += !same(y[3 * i + 1], from<To, From>(x[i]));
          touched += !same(y[3 * i], Raw<To>()) || !same(y[3 * i + 2], Raw<To>());
        }
        INFO(Element<From>::name << " to " << Element<To>::name);
        CHECK(wrong == 0);
        CHECK(touched == 0);
      }
    });
  });
}
