// The two kinds of X that elementwise.h is written over agree: a Number computes what the CPU's packets do, so that a
// GPU gives the CPU's bits. What passes through exp or log may differ in the last few, for each makes its own
// approximation.
#include <cairn/core/number.h>

#include "catch.h"
#include "instruction_sets.h"

#include <bit>
#include <limits>
#include <string>
#include <vector>

#include <cairn/core.h>
#include <cairn/core/dispatch.h>
#include <cairn/core/elementwise.h>

using namespace cairn;

namespace {

/// An X that computes nothing, and knows whether an approximation took part.
struct Traced {
  bool approximate = false;
  Traced() = default;
  explicit Traced(double) {}
  static Traced of(bool approximate) {
    Traced traced;
    traced.approximate = approximate;
    return traced;
  }
  friend Traced operator+(Traced a, Traced b) { return of(a.approximate || b.approximate); }
  friend Traced operator-(Traced a, Traced b) { return a + b; }
  friend Traced operator*(Traced a, Traced b) { return a + b; }
  friend Traced operator/(Traced a, Traced b) { return a + b; }
  friend Traced operator-(Traced a) { return a; }
  friend bool less(Traced, Traced) { return false; }
  friend bool equal(Traced, Traced) { return false; }
  friend Traced select(bool, Traced a, Traced b) { return a + b; }
  friend Traced magnitude(Traced a) { return a; }
  friend Traced exp(Traced) { return of(true); }
  friend Traced log(Traced) { return of(true); }
  friend Traced sqrt(Traced a) { return a; }
  friend Traced tanh(Traced) { return of(true); }
  friend Traced erf(Traced) { return of(true); }
  friend Traced pow(Traced, Traced) { return of(true); }
};

template <class T>
std::vector<T> samples() {
  std::vector<T> values;
  if constexpr (std::is_integral_v<T>) {
    values = {0, 1, -1, 2, 7, -7, 1'000'003, -1'000'003, std::int64_t{1} << 33};
    for (const T end : {std::numeric_limits<T>::min(), std::numeric_limits<T>::max()})
      for (const T near : {0, 1, 2}) values.push_back(end < 0 ? end + near : end - near);
  } else {
    using Limits = std::numeric_limits<T>;
    // clang-format off
    constexpr T special[] = {T(0), T(1), T(0.5), T(3), T(1) / 3, T(16.5), T(87), T(88), T(89), T(104), T(700), T(709), T(746),
                             T(1e-3), T(1e-9), T(1e9), Limits::denorm_min(), Limits::min() / 2, Limits::min(),
                             Limits::epsilon(), Limits::max(), Limits::infinity(), Limits::quiet_NaN()};
    // clang-format on
    for (const T x : special) values.insert(values.end(), {x, -x});
    const Tensor random = rand({200}, {.dtype = DType::float64}, Generator(11));
    for (const double x : random.data<double>()) values.push_back(static_cast<T>((x - 0.5) * 20));
  }
  return values;
}

/// Equal bits; of approximations the last few may differ, also of the terms where these nearly cancel, and the smallest
/// numbers may be 0.
template <class T>
bool agree(T a, T b, bool approximate, T terms) {
  if constexpr (std::is_integral_v<T>) {
    return a == b;
  } else {
    using Limits = std::numeric_limits<T>;
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    if (a != a || b != b) return a != a && b != b;
    if (std::bit_cast<Bits>(a) == std::bit_cast<Bits>(b)) return true;
    if (!approximate) return false;
    return std::abs(a - b) <= 8 * Limits::epsilon() * std::max(std::abs(b), std::abs(terms)) ||
           (std::abs(a) < 2 * Limits::min() && std::abs(b) < 2 * Limits::min());
  }
}

template <class T>
Tensor tensor_of(const std::vector<T>& values) {
  Tensor made = empty({static_cast<std::int64_t>(values.size())}, {.dtype = dtype_of<T>});
  std::copy(values.begin(), values.end(), made.data<T>().begin());
  return made;
}

template <class T>
void check_all(Operation operation, const Tensor& found, const std::vector<T>& expected, bool approximate,
               const std::vector<T>& terms = {}) {
  int wrong = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (agree(found.data<T>()[i], expected[i], approximate, terms.empty() ? T(0) : terms[i])) continue;
    if (wrong++ == 0) UNSCOPED_INFO("sample " << i << ": " << found.data<T>()[i] << ", not " << expected[i]);
  }
  INFO(name(operation) << " of " << name(dtype_of<T>));
  CHECK(wrong == 0);
}

/// Whether the slope is a sum that passes through 0.
template <class Op>
constexpr bool cancels = std::is_same_v<Op, Gelu> || std::is_same_v<Op, GeluTanh>;

template <class Op, class T>
void check_unary() {
  using X = Number<T>;
  const std::vector<T> x = samples<T>();
  std::vector<T> expected;
  const bool approximate = Op::value(Traced()).approximate;
  for (const T each : x) expected.push_back(Op::value(X(each)).value);
  Tensor in = tensor_of(x), out = empty_like(in);
  dispatch(Op::forward, dtype_of<T>, {&out, &in});
  check_all(Op::forward, out, expected, approximate);

  if constexpr (!std::is_integral_v<T>) {
    expected.clear();
    std::vector<T> g(x.rbegin(), x.rend());
    for (std::size_t i = 0; i < x.size(); ++i)
      expected.push_back(gradient<Op>(X(g[i]), X(Op::slope_is == Slope::constant ? g[i] : x[i])).value);
    const Tensor slopes = tensor_of(g);
    dispatch(Op::backward, dtype_of<T>, {&out, &slopes, Op::slope_is == Slope::constant ? &slopes : &in});
    check_all(Op::backward, out, expected, gradient<Op>(Traced(), Traced()).approximate,
              cancels<Op> ? g : std::vector<T>());
  }
}

template <class Op, class T>
void check_binary() {
  using X = Number<T>;
  const std::vector<T> values = samples<T>();
  std::vector<T> a, b, expected;
  for (const T x : values) {
    for (const T y : values) {
      a.push_back(x);
      b.push_back(y);
      expected.push_back(Op::value(X(x), X(y)).value);
    }
  }
  const Tensor first = tensor_of(a), second = tensor_of(b), out = empty_like(first);
  dispatch(Op::forward, dtype_of<T>, {&out, &first, &second});
  check_all(Op::forward, out, expected, Op::value(Traced(), Traced()).approximate);
}

/// A comparison is computed as 1 or 0 and stored as a bool.
template <class Op, class T>
void check_comparison() {
  using X = Number<T>;
  const std::vector<T> values = samples<T>();
  int wrong = 0;
  for (const T x : values) {
    const Tensor first = tensor_of(std::vector<T>(values.size(), x)), second = tensor_of(values);
    const Tensor out = empty(first.shape(), {.dtype = DType::boolean});
    dispatch(Op::forward, dtype_of<T>, {&out, &first, &second});
    for (std::size_t i = 0; i < values.size(); ++i)
      wrong += out.data<bool>()[i] != (Op::value(X(x), X(values[i])).value != 0);
  }
  INFO(name(Op::forward) << " of " << name(dtype_of<T>));
  CHECK(wrong == 0);
}

template <class Op, class T>
void check_ternary() {
  using X = Number<T>;
  const std::vector<T> values = samples<T>();
  std::vector<T> a, b, c, expected;
  std::vector<bool> holds;
  for (const T x : values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      a.push_back(x);
      b.push_back(values[i]);
      c.push_back(values[values.size() - 1 - i]);
      holds.push_back(a.size() % 3 == 0);
      const X first = Op::first_is_condition ? X(static_cast<bool>(holds.back())) : X(a.back());
      expected.push_back(Op::value(first, X(b.back()), X(c.back())).value);
    }
  }
  Tensor first = tensor_of(a);
  if (Op::first_is_condition) {
    first = empty(first.shape(), {.dtype = DType::boolean});
    std::copy(holds.begin(), holds.end(), first.data<bool>().begin());
  }
  const Tensor second = tensor_of(b), third = tensor_of(c), out = empty_like(second);
  dispatch(Op::forward, dtype_of<T>, {&out, &first, &second, &third});
  check_all(Op::forward, out, expected, false);
}

}  // namespace

TEST_CASE("every operation of one number, and its gradient, is the same of a Number as of a packet") {
  on_every_instruction_set([] {
    for_each_type(UnaryOperations{}, []<class Op>() {
      check_unary<Op, float>();
      check_unary<Op, double>();
      if constexpr (Op::takes_integers) check_unary<Op, std::int64_t>();
    });
  });
}

TEST_CASE("every operation of two numbers is the same of Numbers as of packets") {
  on_every_instruction_set([] {
    for_each_type(BinaryOperations{}, []<class Op>() {
      check_binary<Op, float>();
      check_binary<Op, double>();
      if constexpr (Op::takes_integers) check_binary<Op, std::int64_t>();
    });
  });
}

TEST_CASE("every comparison, and every operation of three numbers, is the same of Numbers as of packets") {
  on_every_instruction_set([] {
    for_each_type(TypeList<float, double, std::int64_t>{}, []<class T>() {
      for_each_type(Comparisons{}, []<class Op>() { check_comparison<Op, T>(); });
      for_each_type(TernaryOperations{}, []<class Op>() {
        if constexpr (Op::takes_integers || !std::is_integral_v<T>) check_ternary<Op, T>();
      });
    });
  });
}

TEST_CASE("small floats are computed with as float and rounded once") {
  STATIC_REQUIRE(std::is_same_v<Computed<float16>, float>);
  STATIC_REQUIRE(std::is_same_v<Computed<bfloat16>, float>);
  STATIC_REQUIRE(std::is_same_v<Computed<double>, double>);
  using X = Number<Computed<float16>>;
  const float16 one(1.0f), tiny(0x1p-11f);
  // Rounded after each addition, 1 would stay 1.
  CHECK(static_cast<float>((X(one) + X(tiny) + X(tiny)).as<float16>()) == 1 + 0x1p-10f);
  CHECK(static_cast<float>((X(float16(60000.0f)) + X(float16(60000.0f))).as<float16>()) ==
        std::numeric_limits<float>::infinity());
  CHECK(static_cast<float>((X(bfloat16(1.0f)) / X(3)).as<bfloat16>()) == static_cast<float>(bfloat16(1.0f / 3)));
}
