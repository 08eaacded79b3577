// The losses that are computed element by element, number by number; the backends' kernels walk the tensors.
//
//                        value                                       slope, by the input x
//   squared error        (x - t)²                                    2 (x - t)
//   smooth L1            |d| < β ? d² / 2β : |d| - β/2,  d = x - t   d / β, between -1 and 1      (Girshick, 2015)
//   binary cross-        -w (t log x + (1 - t) log(1 - x))           w (x - t) / (x (1 - x))
//   entropy, of logits   w ((1 - t) x - (1 + (p - 1) t) log σ(x))    w ((1 + (p - 1) t) σ(x) - p t)
//
// w is the element's weight, p that of a positive answer. Logarithms are at least -100, the divisor at least 1e-12, so
// that a certain answer that is wrong has a finite loss and slope. `in` holds x, t and the weights; X is a packet or a
// Number, as in elementwise.h. With reduction, values are added, and divided by their number for the mean.
#pragma once

#include <cstdint>

#include <cairn/core/elementwise.h>
#include <cairn/core/loss_formulas.h>

namespace cairn {

/// log(1 + u), of u near 0 as well: what 1 + u rounded away is put back by a factor (Kahan).
template <class X>
CAIRN_HOST_DEVICE X log_of_one_plus(X u) {
  const X sum = X(1) + u;
  return select(equal(sum, X(1)), u, log(sum) * (u / (sum - X(1))));
}

/// log(1 / (1 + exp(-x)))
template <class X>
CAIRN_HOST_DEVICE X log_sigmoid(X x) {
  return Minimum::value(X(0), x) - log_of_one_plus(exp(-magnitude(x)));
}

struct SquaredError {
  static constexpr int inputs = 2;
  template <class X>
  CAIRN_HOST_DEVICE static X value(const X (&in)[inputs], X) {
    const X difference = in[0] - in[1];
    return difference * difference;
  }
  template <class X>
  CAIRN_HOST_DEVICE static X slope(const X (&in)[inputs], X) {
    return X(2) * (in[0] - in[1]);
  }
};

struct SmoothL1 {
  static constexpr int inputs = 2;
  template <class X>
  CAIRN_HOST_DEVICE static X value(const X (&in)[inputs], X beta) {
    const X size = magnitude(in[0] - in[1]);
    return select(less(size, beta), X(0.5) * size * size / beta, size - X(0.5) * beta);
  }
  template <class X>
  CAIRN_HOST_DEVICE static X slope(const X (&in)[inputs], X beta) {
    return Clamp::value((in[0] - in[1]) / beta, X(-1), X(1));
  }
};

struct BinaryCrossEntropy {
  static constexpr int inputs = 3;
  template <class X>
  CAIRN_HOST_DEVICE static X value(const X (&in)[inputs], X) {
    const X x = in[0], t = in[1], least(-100);
    return ((t - X(1)) * Maximum::value(least, log_of_one_plus(-x)) - t * Maximum::value(least, log(x))) * in[2];
  }
  template <class X>
  CAIRN_HOST_DEVICE static X slope(const X (&in)[inputs], X) {
    const X x = in[0], t = in[1];
    return (x - t) / Maximum::value(X(1e-12), (X(1) - x) * x) * in[2];
  }
};

struct BinaryCrossEntropyWithLogits {
  static constexpr int inputs = 4;
  template <class X>
  CAIRN_HOST_DEVICE static X value(const X (&in)[inputs], X) {
    const X x = in[0], t = in[1], share = (in[3] - X(1)) * t + X(1);
    return ((X(1) - t) * x - share * log_sigmoid(x)) * in[2];
  }
  template <class X>
  CAIRN_HOST_DEVICE static X slope(const X (&in)[inputs], X) {
    const X t = in[1], positive = in[3] * t;
    return ((positive + X(1) - t) * Sigmoid::value(in[0]) - positive) * in[2];
  }
};

/// What a slope is multiplied with beside the gradient of the loss.
template <class T>
T share_of_element(std::int32_t reduction, std::int64_t count) {
  return reduction == LossReduction::mean ? T(1) / static_cast<T>(count) : T(1);
}

}  // namespace cairn
