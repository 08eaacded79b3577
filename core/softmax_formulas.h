// Softmax and its logarithm, number by number; the backends' kernels walk the rows.
//
// A row x of any numbers becomes probabilities p, none negative, together 1:
//
//   p(c)     = exp(x(c) - max) / Σ exp(x - max)       with g, the gradient of the result:   p (g - Σ g p)
//   log p(c) = x(c) - max - log Σ exp(x - max)                                              g - p Σ g
//
// No exponential overflows, since the largest number of the row is taken away first, and the sum is at least 1. The
// logarithm is not that of p, which is 0 long before log p leaves its range. A row with a NaN or +infinity in it, or
// with nothing but -infinity, is NaN throughout; -infinity among other numbers has probability 0.
#pragma once

#include <cairn/core/host_device.h>

namespace cairn {

/// The largest of what came before and `value`; NaN is the largest of all. Starts at -infinity.
template <class X>
CAIRN_HOST_DEVICE X larger_logit(X largest, X value) {
  return value > largest || value != value ? value : largest;
}

// X: a number, or a packet. A centred number is one less the largest of its row.

struct Softmax {
  /// Of exp(centred) and the row's sum of those.
  template <class X>
  CAIRN_HOST_DEVICE static X value(X exponential, X sum) {
    return exponential / sum;
  }
  /// What the row's sum adds up.
  template <class X>
  CAIRN_HOST_DEVICE static X term(X g, X p) {
    return g * p;
  }
  template <class X>
  CAIRN_HOST_DEVICE static X gradient(X g, X p, X sum) {
    return (g - sum) * p;
  }
};

struct LogSoftmax {
  /// `log_sum`: of the sum of exp(centred).
  template <class X>
  CAIRN_HOST_DEVICE static X value(X centred, X log_sum) {
    return centred - log_sum;
  }
  /// `sum`: of the row's g.
  template <class X>
  CAIRN_HOST_DEVICE static X gradient(X g, X p, X sum) {
    return g - p * sum;
  }
};

}  // namespace cairn
