// What an optimizer does to one number, over any number type X (elementwise.h says which): update.h has the formulas in
// a line each, PyTorch's order of operations is kept.
//
//   SgdStep, AdamStep, ...    what all numbers of a call share: coefficients, and which terms there are
//   operator()                takes what is kept of one number, and its gradient, to the next step
//
// The terms are chosen by plain bools: they are the same for a whole call, so that no lane of a packet and no thread of
// a GPU goes another way than its neighbours.
#pragma once

#include <cairn/core/attributes.h>
#include <cairn/core/host_device.h>

namespace cairn {

template <class X>
struct SgdStep {
  X decay, momentum, taken, rate;
  bool decays, first, nesterov, maximize;

  explicit SgdStep(const SgdAttributes& a)
      : decay(a.weight_decay),
        momentum(a.momentum),
        taken(1 - a.dampening),
        rate(a.lr),
        decays(a.weight_decay != 0),
        first(a.first),
        nesterov(a.nesterov),
        maximize(a.maximize) {}

  /// Without momentum.
  CAIRN_HOST_DEVICE void operator()(X& value, X grad) const { value = value - rate * slope(value, grad); }

  /// `velocity` is not looked at in the first step.
  CAIRN_HOST_DEVICE void operator()(X& value, X grad, X& velocity) const {
    const X step = slope(value, grad);
    velocity = first ? step : momentum * velocity + taken * step;
    value = value - rate * (nesterov ? step + momentum * velocity : velocity);
  }

 private:
  CAIRN_HOST_DEVICE X slope(X value, X grad) const {
    if (maximize) grad = -grad;
    return decays ? grad + decay * value : grad;
  }
};

/// The running mean with the next value in it, counted from the nearer of the two, as PyTorch's lerp: the next value
/// itself where nothing of the mean is kept.
template <class X>
struct Mean {
  X kept, taken;
  bool keeps_more;

  explicit Mean(double kept) : kept(kept), taken(1 - kept), keeps_more(1 - kept < 0.5) {}
  CAIRN_HOST_DEVICE X operator()(X mean, X next) const {
    const X gap = next - mean;
    return keeps_more ? mean + taken * gap : next - kept * gap;
  }
};

template <class X>
struct AdamStep {
  Mean<X> mean;
  X decay, shrink, beta2, rest2, eps;
  bool decays, decoupled, amsgrad, maximize;

  explicit AdamStep(const AdamAttributes& a)
      : mean(a.beta1),
        decay(a.weight_decay),
        shrink(1 - a.lr * a.weight_decay),
        beta2(a.beta2),
        rest2(1 - a.beta2),
        eps(a.eps),
        decays(a.weight_decay != 0),
        decoupled(a.decoupled_weight_decay),
        amsgrad(a.amsgrad),
        maximize(a.maximize) {}

  /// `largest` is looked at, and changed, with amsgrad only; the last two come from the parameter's AdamScalars.
  CAIRN_HOST_DEVICE void operator()(X& value, X grad, X& average, X& square, X& largest, X step_size,
                                    X correction) const {
    if (maximize) grad = -grad;
    if (decays && decoupled) value = value * shrink;
    if (decays && !decoupled) grad = grad + decay * value;
    average = mean(average, grad);
    square = beta2 * square + rest2 * grad * grad;
    if (amsgrad) largest = select(less(largest, square), square, largest);
    value = value - step_size * (average / (sqrt(amsgrad ? largest : square) / correction + eps));
  }
};

template <class X>
struct RmspropStep {
  Mean<X> mean;
  X decay, alpha, rest, eps, momentum, rate;
  bool decays, centered, has_momentum, maximize;

  explicit RmspropStep(const RmspropAttributes& a)
      : mean(a.alpha),
        decay(a.weight_decay),
        alpha(a.alpha),
        rest(1 - a.alpha),
        eps(a.eps),
        momentum(a.momentum),
        rate(a.lr),
        decays(a.weight_decay != 0),
        centered(a.centered),
        has_momentum(a.momentum > 0),
        maximize(a.maximize) {}

  /// `velocity` is looked at, and changed, with momentum only, `average` when centered.
  CAIRN_HOST_DEVICE void operator()(X& value, X grad, X& square, X& velocity, X& average) const {
    if (maximize) grad = -grad;
    if (decays) grad = grad + decay * value;
    square = alpha * square + rest * grad * grad;
    if (centered) average = mean(average, grad);
    const X root = sqrt(centered ? square - average * average : square) + eps;
    if (has_momentum) {
      velocity = momentum * velocity + grad / root;
      value = value - rate * velocity;
    } else {
      value = value - rate * grad / root;
    }
  }
};

template <class X>
struct AdagradStep {
  X decay, eps;
  bool decays, maximize;

  explicit AdagradStep(const AdagradAttributes& a)
      : decay(a.weight_decay), eps(a.eps), decays(a.weight_decay != 0), maximize(a.maximize) {}

  /// `rate` comes from the parameter's AdagradScalars.
  CAIRN_HOST_DEVICE void operator()(X& value, X grad, X& sum, X rate) const {
    if (maximize) grad = -grad;
    if (decays) grad = grad + decay * value;
    sum = sum + grad * grad;
    value = value - rate * grad / (sqrt(sum) + eps);
  }
};

}  // namespace cairn
