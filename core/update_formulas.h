// What an optimizer does to one number, over any number type X (elementwise.h says which): update.h has the formulas in
// a line each, PyTorch's order of operations is kept.
//
//   SgdStep, AdamStep    what all numbers of a call share: coefficients, and which terms there are
//   operator()           takes what is kept of one number, and its gradient, to the next step
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

template <class X>
struct AdamStep {
  X decay, shrink, beta2, rest1, rest2, eps;
  bool decays, decoupled, amsgrad, maximize;

  explicit AdamStep(const AdamAttributes& a)
      : decay(a.weight_decay),
        shrink(1 - a.lr * a.weight_decay),
        beta2(a.beta2),
        rest1(1 - a.beta1),
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
    average = average + rest1 * (grad - average);
    square = beta2 * square + rest2 * grad * grad;
    if (amsgrad) largest = select(less(largest, square), square, largest);
    value = value - step_size * (average / (sqrt(amsgrad ? largest : square) / correction + eps));
  }
};

}  // namespace cairn
