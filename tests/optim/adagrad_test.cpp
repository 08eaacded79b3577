#include <cairn/optim/adagrad.h>

#include "catch.h"
#include "parameters.h"

using namespace cairn;
using parameters::parameter;
using parameters::values;

TEST_CASE("Adagrad slows down with the root of the sum of the squares", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::Adagrad adagrad({parameter({1, 1}, device)}, {.lr = 0.5});
  adagrad.parameters()[0].set_grad(tensor({4.0f, -0.5f}).to(device));
  adagrad.step();
  CHECK(values(adagrad.parameters()[0])[0] == Approx(0.5));
  CHECK(values(adagrad.parameters()[0])[1] == Approx(1.5));
  adagrad.step();
  CHECK(values(adagrad.parameters()[0])[0] == Approx(0.5 - 0.5 / std::sqrt(2.0)));
}

TEST_CASE("lr_decay divides by the steps before, and counts those of each parameter", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::Adagrad adagrad({parameter({0}, device), parameter({0}, device)}, {.lr = 1, .lr_decay = 1});
  const auto move = [&](std::size_t i, float grad) {
    adagrad.zero_grad();
    adagrad.parameters()[i].set_grad(full({1}, grad, {.device = device}));
    const float before = values(adagrad.parameters()[i])[0];
    adagrad.step();
    return values(adagrad.parameters()[i])[0] - before;
  };
  CHECK(move(0, 3) == Approx(-1));
  CHECK(move(0, 4) == Approx(-4.0 / 5 / 2));
  CHECK(move(1, 2) == Approx(-1));
}

TEST_CASE("its state is there from the beginning; that of a group added later from its first step") {
  optim::Adagrad adagrad({parameter({1, 2})}, {.initial_accumulator_value = 2});
  adagrad.add_param_group({std::vector{parameter({3})}, {{"initial_accumulator_value", 5}}});
  CHECK(to_string(adagrad.state_dict()["state"]) == "{0: {'step': tensor(0.), 'sum': tensor([2., 2.])}}");
  parameters::set_grads(adagrad, 1);
  adagrad.step();
  CHECK(to_string(adagrad.state_dict()["state"]) ==
        "{0: {'step': tensor(1.), 'sum': tensor([3., 3.])}, 1: {'step': tensor(1.), 'sum': tensor([3.])}}");
}

TEST_CASE("Adagrad refuses options that make no sense with PyTorch's texts") {
  const auto make = [](const optim::AdagradOptions& options) { optim::Adagrad adagrad({parameter({1})}, options); };
  CHECK_THROWS_WITH(make({.lr = -1}), "Invalid learning rate: -1");
  CHECK_THROWS_WITH(make({.lr_decay = -1}), "Invalid lr_decay value: -1");
  CHECK_THROWS_WITH(make({.weight_decay = -1}), "Invalid weight_decay value: -1");
  CHECK_THROWS_WITH(make({.initial_accumulator_value = -1}), "Invalid initial_accumulator_value value: -1");
  CHECK_THROWS_WITH(make({.eps = -1}), "Invalid epsilon value: -1");
}

TEST_CASE("Adagrad prints as PyTorch prints it") {
  CHECK(
      to_string(optim::Adagrad({parameter({1})})) ==
      "Adagrad (\nParameter Group 0\n    differentiable: False\n    eps: 1e-10\n    foreach: None\n    fused: None\n  "
      "  initial_accumulator_value: 0\n    lr: 0.01\n    lr_decay: 0\n    maximize: False\n    weight_decay: 0\n)");
}
