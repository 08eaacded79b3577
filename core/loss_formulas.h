// The arithmetic of the losses of classes, number by number; the backends' kernels walk the tensors.
//
// Cross-entropy of logits x with a target class t, per row:
//
//   log p(c) = x(c) - max - log Σ exp(x - max)            cannot overflow: the largest exponential is 1
//   loss     = -Σ q(c) log p(c)                           q(c): what the target asks of class c,
//   gradient = g (p(c) Σq - q(c))                         q(c) = smoothing weight(c), at t + confidence weight(t)
//
// with confidence = 1 - label_smoothing and smoothing = label_smoothing / classes. A mean is divided by the sum of the
// targets' weights; an ignored row has weight 0 and loss 0.
//
// Negative log-likelihood is the same, given log p: unsmoothed, its gradient is -g q(t) at the target and 0 elsewhere.
#pragma once

#include <cstdint>

#include <cairn/core/attributes.h>
#include <cairn/core/backend.h>
#include <cairn/core/number.h>

namespace cairn {

/// The codes of attributes.h.
struct LossReduction {
  enum : std::int32_t { none = 0, mean = 1, sum = 2 };
};

/// What the rows' targets ask for: how much each class counts. `T` is the dtype of the weights.
template <class T>
struct Targets {
  using X = Computed<T>;

  const std::int64_t* target;
  std::int64_t target_stride, classes, ignore_index;
  const T* weight;
  std::int64_t weight_stride;
  X confidence, smoothing;

  Targets(const View& t, const View& w, std::int64_t classes, const CrossEntropyAttributes& attributes)
      : target(static_cast<const std::int64_t*>(t.data)),
        target_stride(t.rank > 0 ? t.strides[0] : 0),
        classes(classes),
        ignore_index(attributes.ignore_index),
        weight(w.present() ? static_cast<const T*>(w.data) : nullptr),
        weight_stride(w.present() ? w.strides[0] : 0),
        confidence(static_cast<X>(1 - attributes.label_smoothing)),
        smoothing(static_cast<X>(attributes.label_smoothing / static_cast<double>(classes))) {}

  CAIRN_HOST_DEVICE std::int64_t of(std::int64_t row) const { return target[row * target_stride]; }
  CAIRN_HOST_DEVICE bool ignores(std::int64_t t) const { return t == ignore_index; }
  /// False as well for a class that does not exist. The front refuses those where it can read them; elsewhere the loss
  /// shows it, and nothing is read astray.
  CAIRN_HOST_DEVICE bool counts(std::int64_t t) const { return !ignores(t) && t >= 0 && t < classes; }
  CAIRN_HOST_DEVICE X weight_of(std::int64_t c) const {
    return weight ? static_cast<X>(weight[c * weight_stride]) : X(1);
  }
  CAIRN_HOST_DEVICE X weight_of_target(std::int64_t t) const { return counts(t) ? weight_of(t) : X(0); }

  /// The loss of a row whose target counts, `log_p` its target's, but for the smoothing.
  CAIRN_HOST_DEVICE X loss(std::int64_t t, X log_p) const { return -confidence * weight_of_target(t) * log_p; }
  /// `weighted`: Σ weight(c) log p(c).
  CAIRN_HOST_DEVICE X smoothed(X loss, X weighted) const { return loss - smoothing * weighted; }
  CAIRN_HOST_DEVICE X loss_of_uncounted(std::int64_t t) const {
    return ignores(t) ? X(0) : static_cast<X>(__builtin_nan(""));
  }
};

/// The gradient of a row whose target counts: scaled(p), of it smoothed(., c) where labels are, of that at_target(.)
/// for the target's class.
template <class T>
struct TargetSlope {
  using X = Computed<T>;
  X factor, spread, hit;

  /// `g`: the gradient of the row's loss; `divisor`: the mean's, or 1; `all_weights`: Σ weight(c), if labels are
  /// smoothed.
  CAIRN_HOST_DEVICE TargetSlope(const Targets<T>& targets, std::int64_t t, X g, X divisor, X all_weights) {
    const X scale = g / divisor, asked = targets.confidence * targets.weight_of_target(t);
    factor = scale * (asked + targets.smoothing * all_weights);
    spread = scale * targets.smoothing;
    hit = scale * asked;
  }

  CAIRN_HOST_DEVICE X scaled(X p) const { return p * factor; }
  CAIRN_HOST_DEVICE X smoothed(X slope, X weight_of_class) const { return slope - spread * weight_of_class; }
  CAIRN_HOST_DEVICE X at_target(X slope) const { return slope - hit; }
};

}  // namespace cairn
