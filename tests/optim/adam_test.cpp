#include <cairn/optim/adam.h>

#include "catch.h"
#include "parameters.h"

using namespace cairn;
using parameters::parameter;
using parameters::values;

TEST_CASE("the first step moves every number by the learning rate, whatever its gradient", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::Adam adam({parameter({1, 1}, device)}, {.lr = 0.25});
  adam.parameters()[0].set_grad(tensor({100.0f, 0.01f}).to(device));
  adam.step();
  CHECK(values(adam.parameters()[0])[0] == Approx(0.75));
  CHECK(values(adam.parameters()[0])[1] == Approx(0.75).epsilon(1e-5));
}

TEST_CASE("its state is a count of steps on the CPU and two means, three with amsgrad", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::Adam adam({parameter({1, 1}, device)}, {.amsgrad = true});
  parameters::set_grads(adam, 2);
  adam.step();
  adam.step();
  const Value state = adam.state_dict().at("state", 0);
  CHECK(to_string(state["step"]) == "tensor(2.)");
  CHECK(state["step"].as_tensor().device() == Device("cpu"));
  CHECK(values(state["exp_avg"].as_tensor())[0] == Approx(2 * (1 - 0.9 * 0.9)));
  CHECK(values(state["exp_avg_sq"].as_tensor())[0] == Approx(4 * (1 - 0.999 * 0.999)).epsilon(1e-4));
  CHECK(state["exp_avg"].as_tensor().device() == device);
  CHECK(state.contains("max_exp_avg_sq"));
}

TEST_CASE("decoupled decay shrinks the weights themselves", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::Adam adam({parameter({1}, device)}, {.lr = 0.1, .weight_decay = 0.5, .decoupled_weight_decay = true});
  parameters::set_grads(adam, 0);
  adam.step();
  CHECK(values(adam.parameters()[0])[0] == Approx(0.95));
}

TEST_CASE("Adam refuses options that make no sense with PyTorch's texts") {
  const auto make = [](const optim::AdamOptions& options) { optim::Adam adam({parameter({1})}, options); };
  CHECK_THROWS_WITH(make({.lr = -1}), "Invalid learning rate: -1");
  CHECK_THROWS_WITH(make({.betas = {1.5, 0.999}}), "Invalid beta parameter at index 0: 1.5");
  CHECK_THROWS_WITH(make({.betas = {0.9, 1}}), "Invalid beta parameter at index 1: 1");
  CHECK_THROWS_WITH(make({.eps = -1}), "Invalid epsilon value: -1");
  CHECK_THROWS_WITH(make({.weight_decay = -1}), "Invalid weight_decay value: -1");
}
