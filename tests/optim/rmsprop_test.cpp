#include <cairn/optim/rmsprop.h>

#include "catch.h"
#include "parameters.h"

using namespace cairn;
using parameters::parameter;
using parameters::values;

TEST_CASE("the first step of RMSprop is lr / sqrt(1 - alpha), whatever the gradient", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::RMSprop rmsprop({parameter({1, 1}, device)}, {.lr = 0.25, .alpha = 0.75});
  rmsprop.parameters()[0].set_grad(tensor({100.0f, -0.25f}).to(device));
  rmsprop.step();
  CHECK(values(rmsprop.parameters()[0])[0] == Approx(0.5));
  CHECK(values(rmsprop.parameters()[0])[1] == Approx(1.5));
}

TEST_CASE("centered, a steady gradient is divided by ever less", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::RMSprop plain({parameter({0}, device)}), centered({parameter({0}, device)}, {.centered = true});
  for (int step = 0; step < 20; ++step) {
    for (optim::RMSprop* each : {&plain, &centered}) {
      parameters::set_grads(*each, 1);
      each->step();
    }
  }
  CHECK(values(centered.parameters()[0])[0] < values(plain.parameters()[0])[0]);
}

TEST_CASE("momentum may be turned on later: its buffer begins with zeros", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::RMSprop rmsprop({parameter({1}, device)});
  parameters::set_grads(rmsprop, 1);
  rmsprop.step();
  rmsprop.set_option(0, "momentum", 0.5);
  rmsprop.step();
  CHECK(rmsprop.state_dict().at("state", 0).contains("momentum_buffer"));
}

TEST_CASE("RMSprop refuses options that make no sense with PyTorch's texts") {
  const auto make = [](const optim::RMSpropOptions& options) { optim::RMSprop rmsprop({parameter({1})}, options); };
  CHECK_THROWS_WITH(make({.lr = -1}), "Invalid learning rate: -1");
  CHECK_THROWS_WITH(make({.alpha = -0.5}), "Invalid alpha value: -0.5");
  CHECK_THROWS_WITH(make({.eps = -1}), "Invalid epsilon value: -1");
  CHECK_THROWS_WITH(make({.weight_decay = -1}), "Invalid weight_decay value: -1");
  CHECK_THROWS_WITH(make({.momentum = -1}), "Invalid momentum value: -1");
}

TEST_CASE("RMSprop prints as PyTorch prints it, and saves its options in PyTorch's order") {
  const optim::RMSprop rmsprop({parameter({1})}, {.momentum = 1});
  CHECK(
      to_string(rmsprop) ==
      "RMSprop (\nParameter Group 0\n    alpha: 0.99\n    capturable: False\n    centered: False\n    "
      "differentiable: False\n    eps: 1e-08\n    foreach: None\n    lr: 0.01\n    maximize: False\n    momentum: 1\n "
      "   weight_decay: 0\n)");
  CHECK(to_string(rmsprop.param_group(0)) ==
        "{'lr': 0.01, 'momentum': 1, 'alpha': 0.99, 'eps': 1e-08, 'centered': False, 'weight_decay': 0, 'capturable': "
        "False, 'foreach': None, 'maximize': False, 'differentiable': False, 'params': [0]}");
}
