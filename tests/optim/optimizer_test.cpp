#include <cairn/optim/optimizer.h>

#include <sstream>

#include <cairn/core/ops.h>

#include "catch.h"
#include "parameters.h"

using namespace cairn;
using parameters::named;
using parameters::parameter;
using parameters::unnamed;

TEST_CASE("a state dict has PyTorch's layout and order") {
  optim::SGD sgd(unnamed(), {.momentum = 0.9});
  CHECK(to_string(sgd.state_dict()) ==
        "{'state': {}, 'param_groups': [{'lr': 0.001, 'momentum': 0.9, 'dampening': 0, 'weight_decay': 0, 'nesterov': "
        "False, "
        "'maximize': False, 'foreach': None, 'differentiable': False, 'fused': None, 'params': [0, 1]}]}");
  parameters::set_grads(sgd, 1);
  sgd.step();
  CHECK(to_string(sgd.state_dict()["state"]) ==
        "{0: {'momentum_buffer': tensor([1., 1.])}, 1: {'momentum_buffer': tensor([1., 1., 1.])}}");
}

TEST_CASE("with named parameters the group begins with their names") {
  const optim::SGD sgd(named());
  const Value group = sgd.param_group(0);
  CHECK(group.as_dict().begin()->first == Key("param_names"));
  CHECK(to_string(group["param_names"]) == "['a', 'b']");
}

TEST_CASE("a parameter that never had a gradient has no state, and others keep their index", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::Adam adam(unnamed(device));
  adam.parameters()[1].set_grad(ones({3}, {.device = device}));
  adam.step();
  const Value state = adam.state_dict();
  CHECK_FALSE(state["state"].contains(0));
  CHECK(state["state"].contains(1));
  adam.parameters()[0].set_grad(ones({2}, {.device = device}));
  adam.step();
  CHECK(adam.state_dict()["state"].as_dict().begin()->first == Key(1));  // in the order in which they came to be
}

TEST_CASE("groups have options of their own, listed first", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  std::vector<optim::ParameterGroup> groups;
  groups.push_back({std::vector{parameter({1}, device)}});
  groups.push_back({std::vector{parameter({1}, device)}, {{"lr", 0.01}, {"weight_decay", 0.5}}});
  optim::SGD sgd(std::move(groups), {.lr = 0.1});
  CHECK(sgd.option(0, "lr").as_float() == 0.1);
  CHECK(sgd.option(1, "lr").as_float() == 0.01);
  CHECK(to_string(sgd.param_group(1)).starts_with("{'lr': 0.01, 'weight_decay': 0.5, 'momentum': 0, "));
  CHECK(to_string(sgd.param_group(1)["params"]) == "[1]");
  parameters::set_grads(sgd, 1);
  sgd.step();
  CHECK(parameters::values(sgd.parameters(0)[0])[0] == Approx(0.9));
  CHECK(parameters::values(sgd.parameters(1)[0])[0] == Approx(1 - 0.01 * 1.5));
}

TEST_CASE("options can be changed between steps, to what makes sense", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::SGD sgd({parameter({1}, device)}, {.lr = 0.1});
  sgd.set_option(0, "lr", 0.5);
  parameters::set_grads(sgd, 1);
  sgd.step();
  CHECK(parameters::values(sgd.parameters()[0])[0] == 0.5f);
  CHECK_THROWS_WITH(sgd.set_option(0, "lr", -1), "Invalid learning rate: -1");
  CHECK_THROWS_AS(sgd.set_option(0, "lr", "fast"), TypeError);
  CHECK_THROWS_AS(sgd.set_option(0, "beta", 1), KeyError);
  CHECK_THROWS_AS(sgd.set_option(1, "lr", 1), IndexError);
  CHECK_THROWS_WITH(sgd.parameters(1), "there is no parameter group 1: there are 1");
  CHECK_THROWS_AS(sgd.param_group(1), IndexError);
  CHECK(sgd.option(0, "lr").as_float() == 0.5);
  CHECK_NOTHROW(sgd.set_option(0, "initial_lr", 0.5));
  CHECK(to_string(sgd.param_group(0)).ends_with("'initial_lr': 0.5, 'params': [0]}"));
}

TEST_CASE("what cannot be optimized is refused, and nothing is added") {
  optim::SGD sgd(unnamed());
  const Tensor first = sgd.parameters()[0];
  CHECK_THROWS_WITH(sgd.add_param_group({std::vector{first}}),
                    "some parameters appear in more than one parameter group");
  CHECK_THROWS_WITH(
      sgd.add_param_group({named()}),
      "all optimizer param groups should be with/without names. cannot add param group with names to the optimizer");
  CHECK_THROWS_WITH(sgd.add_param_group({std::vector{Tensor()}}),
                    "optimizer can only optimize Tensors, but one of the params is NoneType");
  CHECK_THROWS_WITH(sgd.add_param_group({std::vector{first + first}}), "can't optimize a non-leaf Tensor");
  CHECK_THROWS_AS(sgd.add_param_group({std::vector{parameter({1})}, {{"beta", 1}}}), KeyError);
  const Tensor twice = parameter({1});
  CHECK_THROWS_AS(sgd.add_param_group({std::vector{twice, twice}}), ValueError);
  CHECK(sgd.group_count() == 1);
  CHECK_THROWS_WITH(optim::SGD(std::vector<Tensor>{}), "optimizer got an empty parameter list");
}

TEST_CASE("zero_grad clears gradients, or fills them with zeros", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::SGD sgd({parameter({1}, device)});
  const Tensor each = sgd.parameters()[0];
  parameters::set_grads(sgd, 3);
  const Tensor grad = each.grad();
  sgd.zero_grad(false);
  CHECK(parameters::values(grad)[0] == 0);
  CHECK(each.grad().is_same(grad));
  sgd.zero_grad();
  CHECK_FALSE(each.grad().defined());
}

TEST_CASE("an optimizer prints as PyTorch prints it") {
  std::ostringstream out;
  out << optim::SGD(unnamed(), {.lr = 0.01, .momentum = 0.9});
  CHECK(out.str() ==
        "SGD (\nParameter Group 0\n    dampening: 0\n    differentiable: False\n    foreach: None\n    fused: None\n   "
        " lr: 0.01\n"
        "    maximize: False\n    momentum: 0.9\n    nesterov: False\n    weight_decay: 0\n)");
  CHECK(to_string(optim::Adam(unnamed())) ==
        "Adam (\nParameter Group 0\n    amsgrad: False\n    betas: (0.9, 0.999)\n    capturable: False\n    "
        "decoupled_weight_decay: False\n"
        "    differentiable: False\n    eps: 1e-08\n    foreach: None\n    fused: None\n    lr: 0.001\n    maximize: "
        "False\n    weight_decay: 0\n)");
}
