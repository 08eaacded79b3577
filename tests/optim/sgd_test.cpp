#include <cairn/optim/sgd.h>

#include "catch.h"
#include "parameters.h"

using namespace cairn;
using parameters::parameter;
using parameters::values;

namespace {

/// One parameter of value 1, moved `steps` times with gradient 1.
float moved(Device device, const optim::SGDOptions& options, int steps) {
  optim::SGD sgd({parameter({1}, device)}, options);
  for (int i = 0; i < steps; ++i) {
    parameters::set_grads(sgd, 1);
    sgd.step();
  }
  return values(sgd.parameters()[0])[0];
}

}  // namespace

TEST_CASE("a plain step goes against the gradient", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  CHECK(moved(device, {.lr = 0.25}, 2) == 0.5f);
}

TEST_CASE("momentum adds the steps before, and dampening takes from all gradients but the first", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  CHECK(moved(device, {.lr = 0.25, .momentum = 0.5}, 2) == Approx(1 - 0.25 - 0.25 * 1.5));
  CHECK(moved(device, {.lr = 0.25, .momentum = 0.5, .dampening = 0.5}, 2) == Approx(1 - 0.25 - 0.25 * 1.0));
}

TEST_CASE("nesterov looks ahead", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  CHECK(moved(device, {.lr = 0.25, .momentum = 0.5, .nesterov = true}, 1) == Approx(1 - 0.25 * 1.5));
}

TEST_CASE("weight decay pulls to zero, maximize goes with the gradient", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  CHECK(moved(device, {.lr = 0.25, .weight_decay = 1}, 1) == 0.5f);
  CHECK(moved(device, {.lr = 0.25, .maximize = true}, 1) == 1.25f);
}

TEST_CASE("a step leaves no graph and bumps the version", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::SGD sgd({parameter({1}, device)});
  const Tensor each = sgd.parameters()[0];
  const auto version = each.version();
  parameters::set_grads(sgd, 1);
  sgd.step();
  CHECK(each.is_leaf());
  CHECK(each.version() > version);
}

TEST_CASE("SGD refuses options that make no sense with PyTorch's texts") {
  const auto make = [](const optim::SGDOptions& options) { optim::SGD sgd({parameter({1})}, options); };
  CHECK_THROWS_WITH(make({.lr = -1}), "Invalid learning rate: -1");
  CHECK_THROWS_WITH(make({.lr = -0.5}), "Invalid learning rate: -0.5");
  CHECK_THROWS_WITH(make({.momentum = -1}), "Invalid momentum value: -1");
  CHECK_THROWS_WITH(make({.weight_decay = -1}), "Invalid weight_decay value: -1");
  CHECK_THROWS_WITH(make({.nesterov = true}), "Nesterov momentum requires a momentum and zero dampening");
  CHECK_THROWS_WITH(make({.momentum = 0.9, .dampening = 0.1, .nesterov = true}),
                    "Nesterov momentum requires a momentum and zero dampening");
}
