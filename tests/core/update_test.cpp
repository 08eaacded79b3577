// The optimizers' updates against their formulas, written out for one number.
#include <cmath>
#include <vector>

#include <cairn/core.h>

#include "catch.h"

using namespace cairn;

namespace {

Tensor numbers(double value) { return full({37}, value, {.dtype = DType::float64}); }
double first(const Tensor& tensor) { return tensor.contiguous().view({-1})[36].item(); }

}  // namespace

TEST_CASE("sgd_update follows its formula for every option") {
  for (const bool nesterov : {false, true}) {
    for (const bool maximize : {false, true}) {
      for (const double decay : {0.0, 0.1}) {
        CAPTURE(nesterov, maximize, decay);
        const double lr = 0.1, momentum = 0.9, dampening = nesterov ? 0 : 0.3;
        const Tensor p = numbers(2), g = numbers(0.5), b = numbers(0);
        double value = 2, velocity = 0;
        for (int step = 0; step < 3; ++step) {
          const SgdUpdate update{p, g, b, step == 0};
          sgd_update({&update, 1}, {lr, momentum, dampening, decay, nesterov, maximize});
          double slope = maximize ? -0.5 : 0.5;
          slope += decay * value;
          velocity = step == 0 ? slope : momentum * velocity + (1 - dampening) * slope;
          value -= lr * (nesterov ? slope + momentum * velocity : velocity);
          CHECK(first(p) == Approx(value).epsilon(1e-12));
          CHECK(first(b) == Approx(velocity).epsilon(1e-12));
        }
      }
    }
  }
}

TEST_CASE("adam_update follows its formula for every option") {
  for (const bool amsgrad : {false, true}) {
    for (const bool decoupled : {false, true}) {
      CAPTURE(amsgrad, decoupled);
      const double lr = 0.01, beta1 = 0.8, beta2 = 0.9, eps = 1e-6, decay = 0.1;
      const Tensor p = numbers(2), m = numbers(0), v = numbers(0), largest = amsgrad ? numbers(0) : Tensor(),
                   step = scalar_tensor(0.0);
      double value = 2, average = 0, square = 0, top = 0;
      for (int t = 1; t <= 4; ++t) {
        const double given = t % 2 ? 0.5 : -0.1;
        const AdamUpdate update{p, numbers(given), m, v, largest, step};
        adam_update({&update, 1}, {lr, beta1, beta2, eps, decay, amsgrad, false, decoupled});
        double slope = given;
        if (decoupled)
          value *= 1 - lr * decay;
        else
          slope += decay * value;
        average = beta1 * average + (1 - beta1) * slope;
        square = beta2 * square + (1 - beta2) * slope * slope;
        top = std::max(top, square);
        const double denominator = std::sqrt(amsgrad ? top : square) / std::sqrt(1 - std::pow(beta2, t)) + eps;
        value -= lr / (1 - std::pow(beta1, t)) * average / denominator;
        CHECK(first(p) == Approx(value).epsilon(1e-10));
        CHECK(step.item() == t);
      }
    }
  }
}

TEST_CASE("updates reach strided parameters and several dtypes in one call") {
  const Tensor wide = zeros({4, 6}), p = wide.t().narrow(0, 1, 3), q = zeros({5}, {.dtype = DType::float64});
  const SgdUpdate updates[] = {{p, ones({3, 4}), {}, false}, {q, ones_like(q), {}, false}};
  sgd_update(updates, {0.5, 0, 0, 0, false, false});
  CHECK(wide[2][1].item() == -0.5);
  CHECK(wide[2][0].item() == 0);
  CHECK(q[4].item() == -0.5);
  const SgdUpdate wrong{p, ones({4, 3}), {}, false};
  CHECK_THROWS_AS(sgd_update({&wrong, 1}, {0.5, 0, 0, 0, false, false}), ShapeError);
}

TEST_CASE("a parameter that was converted since its state was made is refused, and nothing is written") {
  const Tensor parameter = numbers(1), grad = numbers(2), old = zeros({37}), step = zeros({});
  CHECK_THROWS_AS(sgd_update(std::vector{SgdUpdate{parameter, grad, old}}, {0.1, 0.9, 0, 0, false, false}), DTypeError);
  CHECK_THROWS_AS(adam_update(std::vector{AdamUpdate{parameter, grad, old, old, {}, step}},
                              {0.1, 0.9, 0.999, 1e-8, 0, false, false, false}),
                  DTypeError);
  CHECK_THROWS_AS(
      sgd_update(std::vector{SgdUpdate{parameter, grad, numbers(0).narrow(0, 0, 3)}}, {0.1, 0.9, 0, 0, false, false}),
      ShapeError);
  CHECK(first(parameter) == 1);
  CHECK(step.item() == 0);
}
