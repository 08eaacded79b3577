// The optimizers' updates against their formulas, written out for one number.
#include <cmath>
#include <vector>

#include <cairn/core.h>

#include "catch.h"
#include "devices.h"

using namespace cairn;

namespace {

Tensor filled(double value, Device device) { return full({37}, value, {.dtype = DType::float64, .device = device}); }
double last(const Tensor& tensor) { return numbers<double>(tensor).back(); }

}  // namespace

TEST_CASE("sgd_update follows its formula for every option", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  for (const bool nesterov : {false, true}) {
    for (const bool maximize : {false, true}) {
      for (const double decay : {0.0, 0.1}) {
        CAPTURE(nesterov, maximize, decay);
        const double lr = 0.1, momentum = 0.9, dampening = nesterov ? 0 : 0.3;
        const Tensor p = filled(2, device), g = filled(0.5, device), b = filled(0, device);
        double value = 2, velocity = 0;
        for (int step = 0; step < 3; ++step) {
          const SgdUpdate update{&p, &g, &b, step == 0};
          sgd_update({&update, 1}, {lr, momentum, dampening, decay, nesterov, maximize});
          double slope = maximize ? -0.5 : 0.5;
          slope += decay * value;
          velocity = step == 0 ? slope : momentum * velocity + (1 - dampening) * slope;
          value -= lr * (nesterov ? slope + momentum * velocity : velocity);
          CHECK(last(p) == Approx(value).epsilon(1e-12));
          CHECK(last(b) == Approx(velocity).epsilon(1e-12));
        }
      }
    }
  }
}

TEST_CASE("adam_update follows its formula for every option", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  for (const bool amsgrad : {false, true}) {
    for (const bool decoupled : {false, true}) {
      CAPTURE(amsgrad, decoupled);
      const double lr = 0.01, beta1 = 0.8, beta2 = 0.9, eps = 1e-6, decay = 0.1;
      const Tensor p = filled(2, device), m = filled(0, device), v = filled(0, device),
                   largest = amsgrad ? filled(0, device) : Tensor(), step = scalar_tensor(0.0);
      double value = 2, average = 0, square = 0, top = 0;
      for (int t = 1; t <= 4; ++t) {
        const double given = t % 2 ? 0.5 : -0.1;
        const Tensor grad = filled(given, device);
        const AdamUpdate update{&p, &grad, &m, &v, amsgrad ? &largest : nullptr, &step};
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
        CHECK(last(p) == Approx(value).epsilon(1e-10));
        CHECK(step.item() == t);
      }
    }
  }
}

TEST_CASE("rmsprop_update follows its formula for every option", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  for (const bool centered : {false, true}) {
    for (const double momentum : {0.0, 0.9}) {
      for (const bool maximize : {false, true}) {
        CAPTURE(centered, momentum, maximize);
        const double lr = 0.01, alpha = 0.8, eps = 1e-6, decay = maximize ? 0.1 : 0;
        const Tensor p = filled(2, device), v = filled(0, device), step = scalar_tensor(0.0),
                     b = momentum > 0 ? filled(0, device) : Tensor(), m = centered ? filled(0, device) : Tensor();
        double value = 2, square = 0, velocity = 0, average = 0;
        for (int t = 1; t <= 4; ++t) {
          const double given = t % 2 ? 0.5 : -0.1;
          const Tensor grad = filled(given, device);
          const RmspropUpdate update{&p, &grad, &v, momentum > 0 ? &b : nullptr, centered ? &m : nullptr, &step};
          rmsprop_update({&update, 1}, {lr, alpha, eps, decay, momentum, centered, maximize});
          const double slope = (maximize ? -given : given) + decay * value;
          square = alpha * square + (1 - alpha) * slope * slope;
          average = alpha * average + (1 - alpha) * slope;
          velocity = momentum * velocity + slope / (std::sqrt(square - (centered ? average * average : 0)) + eps);
          value -= lr * velocity;
          CHECK(last(p) == Approx(value).epsilon(1e-10));
          CHECK(last(v) == Approx(square).epsilon(1e-10));
          if (momentum > 0) CHECK(last(b) == Approx(velocity).epsilon(1e-10));
          if (centered) CHECK(last(m) == Approx(average).epsilon(1e-10));
          CHECK(step.item() == t);
        }
      }
    }
  }
}

TEST_CASE("adagrad_update follows its formula, and slows down with each parameter's own steps", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  for (const bool maximize : {false, true}) {
    const double lr = 0.1, lr_decay = 0.5, eps = 1e-6, decay = maximize ? 0.1 : 0;
    const Tensor p[] = {filled(2, device), filled(2, device)}, s[] = {filled(0.25, device), filled(0.25, device)},
                 steps[] = {scalar_tensor(0.0), scalar_tensor(7.0)};
    double value[] = {2, 2}, sum[] = {0.25, 0.25};
    for (int t = 0; t < 3; ++t) {
      const double given = t % 2 ? 0.5 : -0.1;
      const Tensor grad = filled(given, device);
      const AdagradUpdate updates[] = {{&p[0], &grad, &s[0], &steps[0]}, {&p[1], &grad, &s[1], &steps[1]}};
      adagrad_update(updates, {lr, lr_decay, eps, decay, maximize});
      for (const int i : {0, 1}) {
        const double slope = (maximize ? -given : given) + decay * value[i];
        sum[i] += slope * slope;
        value[i] -= lr / (1 + (t + 7 * i) * lr_decay) * slope / (std::sqrt(sum[i]) + eps);
        CHECK(last(p[i]) == Approx(value[i]).epsilon(1e-10));
        CHECK(last(s[i]) == Approx(sum[i]).epsilon(1e-10));
        CHECK(steps[i].item() == t + 1 + 7 * i);
      }
    }
  }
}

TEST_CASE("updates reach strided parameters and several dtypes in one call", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor wide = zeros({4, 6}, {.device = device}), p = wide.t().narrow(0, 1, 3),
               q = zeros({5}, {.dtype = DType::float64, .device = device});
  const Tensor p_grad = ones({3, 4}, {.device = device}), q_grad = ones_like(q), turned = p_grad.t();
  const SgdUpdate updates[] = {{&p, &p_grad, nullptr, false}, {&q, &q_grad, nullptr, false}};
  sgd_update(updates, {0.5, 0, 0, 0, false, false});
  CHECK(wide[2][1].item() == -0.5);
  CHECK(wide[2][0].item() == 0);
  CHECK(q[4].item() == -0.5);
  const SgdUpdate wrong{&p, &turned, nullptr, false};
  CHECK_THROWS_AS(sgd_update({&wrong, 1}, {0.5, 0, 0, 0, false, false}), ShapeError);
}

TEST_CASE("parameters on several devices are updated in one call", "[device]") {
  for (const Device device : devices()) {
    std::vector<Tensor> parameters, grads;
    for (const Device where : {Device(), device, another_device(device), device}) {
      parameters.push_back(zeros({3}, {.device = where}));
      grads.push_back(ones({3}, {.device = where}));
    }
    std::vector<SgdUpdate> updates;
    for (std::size_t i = 0; i < parameters.size(); ++i) updates.push_back({&parameters[i], &grads[i], nullptr, false});
    sgd_update(updates, {0.5, 0, 0, 0, false, false});
    for (const Tensor& parameter : parameters) CHECK(numbers<float>(parameter) == std::vector<float>(3, -0.5f));
  }
}

TEST_CASE("a parameter that was converted since its state was made is refused, and nothing is written", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor parameter = filled(1, device), grad = filled(2, device), old = zeros({37}, {.device = device}),
               step = zeros({}), narrow = filled(0, device).narrow(0, 0, 3);
  CHECK_THROWS_AS(sgd_update(std::vector{SgdUpdate{&parameter, &grad, &old}}, {0.1, 0.9, 0, 0, false, false}),
                  DTypeError);
  CHECK_THROWS_AS(adam_update(std::vector{AdamUpdate{&parameter, &grad, &old, &old, nullptr, &step}},
                              {0.1, 0.9, 0.999, 1e-8, 0, false, false, false}),
                  DTypeError);
  CHECK_THROWS_AS(rmsprop_update(std::vector{RmspropUpdate{&parameter, &grad, &old, nullptr, nullptr, &step}},
                                 {0.1, 0.9, 1e-8, 0, 0, false, false}),
                  DTypeError);
  CHECK_THROWS_AS(adagrad_update(std::vector{AdagradUpdate{&parameter, &grad, &old, &step}}, {0.1, 0, 1e-8, 0, false}),
                  DTypeError);
  CHECK_THROWS_AS(sgd_update(std::vector{SgdUpdate{&parameter, &grad, &narrow}}, {0.1, 0.9, 0, 0, false, false}),
                  ShapeError);
  CHECK(last(parameter) == 1);
  CHECK(step.item() == 0);
}
