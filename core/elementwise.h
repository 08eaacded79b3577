// What an elementwise operation of one or two inputs is: its value and, with one input, its slope.
//
// Each is written once, over any number type X: the CPU passes packets of its instruction set (cpu/packet.h), a CUDA
// kernel one scalar per thread. Value and slope stand side by side, so that a reader can check one against the other,
// as a test does by finite differences for every operation listed.
//
// To add one: its enumerators in operation.h, its struct and its name in the list here, its function in ops.h. No
// backend changes. X has + - * / and unary minus, is made from a number, and these functions:
//
//   select(condition, a, b)   a where the condition holds, else b        less(a, b)   a condition; false for NaN
//   exp(x)  log(x)  sqrt(x)   as in <cmath>                              magnitude(x) |x|
#pragma once

#include <cmath>
#include <cstdint>

#include <cairn/core/host_device.h>
#include <cairn/core/operation.h>
#include <cairn/core/type_list.h>

namespace cairn {

/// Which tensors the slope is computed from.
enum class Slope : std::uint8_t { constant, of_input, of_output };

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
};

struct Sqrt {
  static constexpr Operation forward = Operation::sqrt, backward = Operation::sqrt_backward;
  static constexpr Slope slope_is = Slope::of_output;
  static constexpr bool takes_integers = false;
  template <class X> CAIRN_HOST_DEVICE static X value(X x) { return sqrt(x); }
  template <class X> CAIRN_HOST_DEVICE static X slope(X, X y) { return X(1) / (X(2) * y); }
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

struct Sigmoid {
  static constexpr Operation forward = Operation::sigmoid, backward = Operation::sigmoid_backward;
  static constexpr Slope slope_is = Slope::of_output;
  static constexpr bool takes_integers = false;
  template <class X> CAIRN_HOST_DEVICE static X value(X x) { return X(1) / (X(1) + exp(-x)); }
  template <class X> CAIRN_HOST_DEVICE static X slope(X, X y) { return y * (X(1) - y); }
};

using UnaryOperations = TypeList<Neg, Abs, Exp, Log, Sqrt, Relu, Sigmoid>;

/// The gradient of x: g, the gradient of y, times the slope, or what `Op` says it is. `v` is the x or y that
/// `slope_is` asks for.
template <class Op, class X>
CAIRN_HOST_DEVICE X gradient(X g, X v) {
  if constexpr (requires { Op::gradient(g, v); }) return Op::gradient(g, v);
  else return g * Op::slope(v, v);
}

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

using BinaryOperations = TypeList<Add, Sub, Mul, Div>;
// clang-format on

}  // namespace cairn
