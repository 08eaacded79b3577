// What an elementwise operation is: its value and, with one input, its slope.
//
// Each is written once, over any number type X: the CPU passes packets of its instruction set (cpu/packet.h), a CUDA
// kernel one scalar per thread. Value and slope stand side by side, so that a reader can check one against the other,
// as a test does by finite differences for every operation listed.
//
// To add one: its enumerators in operation.h, its struct and its name in the list here, its function in ops.h. No
// backend changes. X has + - * / and unary minus, is made from a number, and these functions:
//
//   less(a, b)  equal(a, b)        conditions; false for NaN
//   select(condition, a, b)        a where the condition holds, else b
//   exp log sqrt tanh erf pow      as in <cmath>; pow also of whole numbers, which wrap around
//   magnitude(x)                   |x|
#pragma once

#include <cmath>
#include <cstdint>

#include <cairn/core/host_device.h>
#include <cairn/core/operation.h>
#include <cairn/core/type_list.h>

namespace cairn {

/// Which tensors the slope is computed from.
enum class Slope : std::uint8_t { constant, of_input, of_output };

// One input. `takes_integers`: whole numbers give whole numbers; otherwise they become float32 first.
// clang-format off
struct Neg {
  static constexpr Operation forward = Operation::neg, backward = Operation::neg_backward;
  static constexpr Slope slope_is = Slope::constant;
  static constexpr bool takes_integers = true;
  template <class X> CAIRN_HOST_DEVICE static X value(X x) { return -x; }
  template <class X> CAIRN_HOST_DEVICE static X slope(X, X) { return X(-1); }
};

struct Abs {
  static constexpr Operation forward = Operation::abs, backward = Operation::abs_backward;
  static constexpr Slope slope_is = Slope::of_input;
  static constexpr bool takes_integers = true;
  template <class X> CAIRN_HOST_DEVICE static X value(X x) { return magnitude(x); }
  template <class X> CAIRN_HOST_DEVICE static X slope(X x, X) { return select(less(x, X(0)), X(-1), select(less(X(0), x), X(1), X(0))); }
};

struct Exp {
  static constexpr Operation forward = Operation::exp, backward = Operation::exp_backward;
  static constexpr Slope slope_is = Slope::of_output;
  static constexpr bool takes_integers = false;
  template <class X> CAIRN_HOST_DEVICE static X value(X x) { return exp(x); }
  template <class X> CAIRN_HOST_DEVICE static X slope(X, X y) { return y; }
};

struct Log {
  static constexpr Operation forward = Operation::log, backward = Operation::log_backward;
  static constexpr Slope slope_is = Slope::of_input;
  static constexpr bool takes_integers = false;
  template <class X> CAIRN_HOST_DEVICE static X value(X x) { return log(x); }
  template <class X> CAIRN_HOST_DEVICE static X slope(X x, X) { return X(1) / x; }
  template <class X> CAIRN_HOST_DEVICE static X gradient(X g, X x) { return g / x; }
};

struct Sqrt {
  static constexpr Operation forward = Operation::sqrt, backward = Operation::sqrt_backward;
  static constexpr Slope slope_is = Slope::of_output;
  static constexpr bool takes_integers = false;
  template <class X> CAIRN_HOST_DEVICE static X value(X x) { return sqrt(x); }
  template <class X> CAIRN_HOST_DEVICE static X slope(X, X y) { return X(1) / (X(2) * y); }
  template <class X> CAIRN_HOST_DEVICE static X gradient(X g, X y) { return g / (X(2) * y); }
};

struct Rsqrt {
  static constexpr Operation forward = Operation::rsqrt, backward = Operation::rsqrt_backward;
  static constexpr Slope slope_is = Slope::of_output;
  static constexpr bool takes_integers = false;
  template <class X> CAIRN_HOST_DEVICE static X value(X x) { return X(1) / sqrt(x); }
  template <class X> CAIRN_HOST_DEVICE static X slope(X, X y) { return X(-0.5) * (y * y * y); }
};

struct Tanh {
  static constexpr Operation forward = Operation::tanh, backward = Operation::tanh_backward;
  static constexpr Slope slope_is = Slope::of_output;
  static constexpr bool takes_integers = false;
  template <class X> CAIRN_HOST_DEVICE static X value(X x) { return tanh(x); }
  template <class X> CAIRN_HOST_DEVICE static X slope(X, X y) { return X(1) - y * y; }
};

struct Sigmoid {
  static constexpr Operation forward = Operation::sigmoid, backward = Operation::sigmoid_backward;
  static constexpr Slope slope_is = Slope::of_output;
  static constexpr bool takes_integers = false;
  template <class X> CAIRN_HOST_DEVICE static X value(X x) { return X(1) / (X(1) + exp(-x)); }
  template <class X> CAIRN_HOST_DEVICE static X slope(X, X y) { return y * (X(1) - y); }
};

/// 2/√π ∫₀ˣ exp(-t²) dt, the error function.
struct Erf {
  static constexpr Operation forward = Operation::erf, backward = Operation::erf_backward;
  static constexpr Slope slope_is = Slope::of_input;
  static constexpr bool takes_integers = false;
  template <class X> CAIRN_HOST_DEVICE static X value(X x) { return erf(x); }
  template <class X> CAIRN_HOST_DEVICE static X slope(X x, X) { return X(1.1283791670955126) * exp(-(x * x)); }
};

/// max(x, 0); NaN stays NaN, and its slope is 1.
struct Relu {
  static constexpr Operation forward = Operation::relu, backward = Operation::relu_backward;
  static constexpr Slope slope_is = Slope::of_output;
  static constexpr bool takes_integers = true;
  template <class X> CAIRN_HOST_DEVICE static X value(X x) { return select(less(x, X(0)), X(0), x); }
  template <class X> CAIRN_HOST_DEVICE static X slope(X, X y) { return select(less(X(0), y), X(1), select(less(y, X(1)), X(0), X(1))); }
  /// Chosen, not multiplied: 0 where the unit is off, also of an infinite gradient, as below sqrt(relu(x)).
  template <class X> CAIRN_HOST_DEVICE static X gradient(X g, X y) { return select(less(X(0), y), g, select(less(y, X(1)), X(0), g)); }
};

/// x Φ(x), Φ the normal distribution's function (Hendrycks and Gimpel, "Gaussian error linear units", 2016).
struct Gelu {
  static constexpr Operation forward = Operation::gelu, backward = Operation::gelu_backward;
  static constexpr Slope slope_is = Slope::of_input;
  static constexpr bool takes_integers = false;
  template <class X> CAIRN_HOST_DEVICE static X below(X x) { return X(0.5) * (X(1) + erf(x * X(0.7071067811865476))); }  // Φ(x)
  template <class X> CAIRN_HOST_DEVICE static X value(X x) { return x * below(x); }
  template <class X> CAIRN_HOST_DEVICE static X slope(X x, X) { return below(x) + x * (X(0.3989422804014327) * exp(X(-0.5) * x * x)); }
};

/// The same, Φ(x) taken as (1 + tanh(u)) / 2 with u = √(2/π) (x + 0.044715 x³), which is the sigmoid of 2u.
struct GeluTanh {
  static constexpr Operation forward = Operation::gelu_tanh, backward = Operation::gelu_tanh_backward;
  static constexpr Slope slope_is = Slope::of_input;
  static constexpr bool takes_integers = false;
  template <class X> CAIRN_HOST_DEVICE static X below(X x) { return Sigmoid::value(X(1.5957691216057308) * (x + X(0.044715) * x * x * x)); }
  template <class X> CAIRN_HOST_DEVICE static X value(X x) { return x * below(x); }
  template <class X> CAIRN_HOST_DEVICE static X slope(X x, X) {
    const X y = below(x), steepness = X(1.5957691216057308) * (X(1) + X(0.134145) * x * x);
    return y + x * (Sigmoid::slope(y, y) * steepness);
  }
};

using UnaryOperations = TypeList<Neg, Abs, Exp, Log, Sqrt, Rsqrt, Tanh, Sigmoid, Erf, Relu, Gelu, GeluTanh>;

/// The gradient of x: g, the gradient of y, times the slope, or what `Op` says it is. `v` is the x or y that
/// `slope_is` asks for.
template <class Op, class X>
CAIRN_HOST_DEVICE X gradient(X g, X v) {
  if constexpr (requires { Op::gradient(g, v); }) return Op::gradient(g, v);
  else return g * Op::slope(v, v);
}

// Two inputs.
struct Add {
  static constexpr Operation forward = Operation::add;
  static constexpr bool takes_integers = true;
  template <class X> CAIRN_HOST_DEVICE static X value(X a, X b) { return a + b; }
};
struct Sub {
  static constexpr Operation forward = Operation::sub;
  static constexpr bool takes_integers = true;
  template <class X> CAIRN_HOST_DEVICE static X value(X a, X b) { return a - b; }
};
struct Mul {
  static constexpr Operation forward = Operation::mul;
  static constexpr bool takes_integers = true;
  template <class X> CAIRN_HOST_DEVICE static X value(X a, X b) { return a * b; }
};
struct Div {
  static constexpr Operation forward = Operation::div;
  static constexpr bool takes_integers = false;
  template <class X> CAIRN_HOST_DEVICE static X value(X a, X b) { return a / b; }
};
struct Pow {
  static constexpr Operation forward = Operation::pow;
  static constexpr bool takes_integers = true;
  template <class X> CAIRN_HOST_DEVICE static X value(X a, X b) { return pow(a, b); }
};
/// NaN where either is.
struct Maximum {
  static constexpr Operation forward = Operation::maximum;
  static constexpr bool takes_integers = true;
  template <class X> CAIRN_HOST_DEVICE static X value(X a, X b) { return select(equal(a, a), select(less(b, a), a, b), a); }
};
struct Minimum {
  static constexpr Operation forward = Operation::minimum;
  static constexpr bool takes_integers = true;
  template <class X> CAIRN_HOST_DEVICE static X value(X a, X b) { return select(equal(a, a), select(less(a, b), a, b), a); }
};

/// x, or of a negative x the slope times it.
struct LeakyRelu {
  static constexpr Operation forward = Operation::leaky_relu;
  static constexpr bool takes_integers = false;
  template <class X> CAIRN_HOST_DEVICE static X value(X x, X slope) { return select(less(X(0), x), x, x * slope); }
};

using BinaryOperations = TypeList<Add, Sub, Mul, Div, Pow, Maximum, Minimum, LeakyRelu>;

// Two inputs, and whether something holds of them: 1 or 0, stored as a bool.
struct Eq {
  static constexpr Operation forward = Operation::eq;
  template <class X> CAIRN_HOST_DEVICE static X value(X a, X b) { return select(equal(a, b), X(1), X(0)); }
};
struct Ne {
  static constexpr Operation forward = Operation::ne;
  template <class X> CAIRN_HOST_DEVICE static X value(X a, X b) { return select(equal(a, b), X(0), X(1)); }
};
struct Lt {
  static constexpr Operation forward = Operation::lt;
  template <class X> CAIRN_HOST_DEVICE static X value(X a, X b) { return select(less(a, b), X(1), X(0)); }
};
struct Le {
  static constexpr Operation forward = Operation::le;
  template <class X> CAIRN_HOST_DEVICE static X value(X a, X b) { return select(less(a, b), X(1), select(equal(a, b), X(1), X(0))); }
};
struct Gt {
  static constexpr Operation forward = Operation::gt;
  template <class X> CAIRN_HOST_DEVICE static X value(X a, X b) { return Lt::value(b, a); }
};
struct Ge {
  static constexpr Operation forward = Operation::ge;
  template <class X> CAIRN_HOST_DEVICE static X value(X a, X b) { return Le::value(b, a); }
};
struct LogicalAnd {
  static constexpr Operation forward = Operation::logical_and;
  template <class X> CAIRN_HOST_DEVICE static X value(X a, X b) { return select(equal(a, X(0)), X(0), Ne::value(b, X(0))); }
};
struct LogicalOr {
  static constexpr Operation forward = Operation::logical_or;
  template <class X> CAIRN_HOST_DEVICE static X value(X a, X b) { return select(equal(a, X(0)), Ne::value(b, X(0)), X(1)); }
};
struct LogicalXor {
  static constexpr Operation forward = Operation::logical_xor;
  template <class X> CAIRN_HOST_DEVICE static X value(X a, X b) { return select(equal(a, X(0)), Ne::value(b, X(0)), Eq::value(b, X(0))); }
};

using Comparisons = TypeList<Eq, Ne, Lt, Le, Gt, Ge, LogicalAnd, LogicalOr, LogicalXor>;

// Three inputs.
struct Where {
  static constexpr Operation forward = Operation::where;
  static constexpr bool first_is_condition = true, takes_integers = true;
  template <class X> CAIRN_HOST_DEVICE static X value(X condition, X a, X b) { return select(equal(condition, X(0)), b, a); }
};
/// min(max(x, low), high); NaN where any is. Of equal numbers x stays, and so does the sign of a zero.
struct Clamp {
  static constexpr Operation forward = Operation::clamp;
  static constexpr bool first_is_condition = false, takes_integers = true;
  template <class X> CAIRN_HOST_DEVICE static X value(X x, X low, X high) { return Minimum::value(high, Maximum::value(low, x)); }
};

/// grad_x of LeakyRelu.
struct LeakyReluBackward {
  static constexpr Operation forward = Operation::leaky_relu_backward;
  static constexpr bool first_is_condition = false, takes_integers = false;
  template <class X> CAIRN_HOST_DEVICE static X value(X g, X x, X slope) { return select(less(X(0), x), g, g * slope); }
};

using TernaryOperations = TypeList<Where, Clamp, LeakyReluBackward>;
// clang-format on

}  // namespace cairn
