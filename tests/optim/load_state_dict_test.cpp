// Loading an optimizer: optimizer_load.cpp.
#include <cairn/optim/optimizer.h>

#include <functional>

#include <cairn/core/state_dict.h>

#include "catch.h"
#include "parameters.h"
#include "snapshot.h"

using namespace cairn;
using parameters::named;
using parameters::parameter;
using parameters::unnamed;
using parameters::values;

namespace {

void step(optim::Optimizer& optimizer, float grad) {
  parameters::set_grads(optimizer, grad);
  optimizer.step();
}

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const StateDictError& error) {
    return error.message();
  }
  return "no StateDictError was thrown";
}

}  // namespace

TEST_CASE("state is filled in place and never shared with what was loaded", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::SGD sgd(unnamed(device), {.momentum = 0.9});
  step(sgd, 1);
  const Tensor buffer = sgd.state_dict().at("state", 0, "momentum_buffer").as_tensor();
  Value saved = snapshot(sgd.state_dict());
  saved.at("state", 0, "momentum_buffer").as_tensor().fill_(7);
  sgd.load_state_dict(saved);
  CHECK(values(buffer) == std::vector<float>{7, 7});
  CHECK(buffer.device() == device);
  CHECK_FALSE(buffer.shares_storage(saved.at("state", 0, "momentum_buffer").as_tensor()));
}

TEST_CASE("saved options replace the present ones, with their kinds and their order", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::SGD from(unnamed(device), {.lr = 1, .momentum = 0.5}), to(unnamed(device), {.lr = 0.25});
  from.set_option(0, "initial_lr", 0.5);
  to.load_state_dict(from.state_dict());
  CHECK(to_string(to.state_dict()) == to_string(from.state_dict()));
  step(to, 1);
  CHECK(values(to.parameters()[0]) == std::vector<float>{0, 1});
}

TEST_CASE("state that the saved one lacks is dropped", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::SGD from(unnamed(device), {.momentum = 0.5}), to(unnamed(device), {.momentum = 0.5});
  step(to, 1);
  to.load_state_dict(from.state_dict());
  CHECK(to.state_dict()["state"].size() == 0);
}

TEST_CASE("with names on both sides parameters are matched by name", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::SGD from(named(device), {.momentum = 0.9});
  step(from, 1);
  from.state_dict().at("state", 0, "momentum_buffer").as_tensor().fill_(5);
  auto list = named(device);
  std::swap(list[0], list[1]);
  optim::SGD to(list, {.momentum = 0.9});
  to.load_state_dict(from.state_dict());
  CHECK(to_string(to.state_dict().at("param_groups", 0, "param_names")) == "['b', 'a']");
  CHECK(values(to.state_dict().at("state", 1, "momentum_buffer").as_tensor()) == std::vector<float>{5, 5});

  const std::vector<std::pair<std::string, Tensor>> renamed = {{"a", parameter({1, 2}, device)},
                                                               {"c", parameter({1, 2, 3}, device)}};
  optim::SGD other(renamed, {.momentum = 0.9});
  const std::string message = message_of([&] { other.load_state_dict(from.state_dict()); });
  CHECK_THAT(message, Catch::Matchers::Contains("parameter \"c\" is not among the param_names of the state dict"));
  CHECK_THAT(message, Catch::Matchers::Contains("the state dict has a parameter \"b\", which is not here"));
}

TEST_CASE("without names on one side they are matched by position", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::SGD from(named(device), {.momentum = 0.9}), to(unnamed(device), {.momentum = 0.9});
  step(from, 2);
  to.load_state_dict(from.state_dict());
  CHECK(to_string(to.state_dict()) == to_string(from.state_dict()));
}

TEST_CASE("PyTorch's two checks have PyTorch's texts") {
  std::vector<optim::ParameterGroup> groups;
  groups.push_back({std::vector{parameter({1})}});
  groups.push_back({std::vector{parameter({1})}});
  optim::SGD two(std::move(groups)), one({parameter({1})}), pair(unnamed());
  CHECK(message_of([&] { two.load_state_dict(one.state_dict()); }) ==
        "loaded state dict has a different number of parameter groups");
  CHECK(message_of([&] { pair.load_state_dict(one.state_dict()); }) ==
        "loaded state dict contains a parameter group that doesn't match the size of optimizer's group");
}

TEST_CASE("the state of another optimizer is refused, and nothing is changed") {
  optim::Adam adam(unnamed());
  optim::SGD sgd(unnamed(), {.lr = 0.5});
  step(adam, 1);
  const std::string before = to_string(sgd.state_dict());
  CHECK_THAT(message_of([&] { sgd.load_state_dict(adam.state_dict()); }),
             Catch::Matchers::Contains("SGD has no option 'betas'"));
  CHECK_THAT(message_of([&] { adam.load_state_dict(sgd.state_dict()); }),
             Catch::Matchers::Contains("Adam has no option 'momentum'"));
  CHECK(to_string(sgd.state_dict()) == before);
}

TEST_CASE("what does not fit its parameter is named, all at once", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::Adam adam(named(device));
  step(adam, 1);
  Value saved = snapshot(adam.state_dict());
  Dict& state = saved["state"].as_dict();
  state[0]["exp_avg"] = zeros({7});
  state[0]["momentum_buffer"] = zeros({2});
  state[1].as_dict().erase("exp_avg_sq");
  state[1]["step"] = "three";
  state.set(9, Dict());
  saved["param_groups"].as_list().items[0]["lr"] = "fast";
  const std::string message = message_of([&] { adam.load_state_dict(saved); });
  for (const char* part :
       {"size mismatch for 'exp_avg' of parameter \"a\": the state dict has torch.Size([7]), the parameter is "
        "torch.Size([2])",
        "the state of parameter \"a\" holds 'momentum_buffer', which Adam does not keep",
        "the state of parameter \"b\" lacks 'exp_avg_sq'", "'step' of parameter \"b\" is str, expected a scalar tensor",
        "the state dict holds state for parameter 9", "Adam: option 'lr' is 'fast', expected a number"}) {
    CHECK_THAT(message, Catch::Matchers::Contains(part));
  }
}

TEST_CASE("older states are understood: a step that is an int, a buffer that is None, options not yet known",
          "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::Adam adam({parameter({1}, device)});
  step(adam, 1);
  Value saved = snapshot(adam.state_dict());
  saved["state"].as_dict()[0]["step"] = 5;
  saved["param_groups"].as_list().items[0].as_dict().erase("fused");
  saved["param_groups"].as_list().items[0].as_dict().erase("decoupled_weight_decay");
  adam.load_state_dict(saved);
  CHECK(to_string(adam.state_dict().at("state", 0, "step")) == "tensor(5.)");
  CHECK(adam.option(0, "decoupled_weight_decay").as_bool() == false);

  optim::SGD sgd({parameter({1}, device)});
  Value old = sgd.state_dict();
  old["state"].as_dict().set(0, Dict{{"momentum_buffer", Value()}});
  sgd.load_state_dict(old);
  CHECK(sgd.state_dict()["state"].size() == 0);
}

TEST_CASE("state is converted to the parameter's dtype and device, the count of steps stays", "[device]") {
  for (const Device device : devices()) {
    CAPTURE(device);
    optim::Adam from({parameter({1, 2})});
    step(from, 1);
    optim::Adam to({zeros({2}, {.dtype = DType::float64, .device = device}).requires_grad_()});
    const LoadReport report = to.load_state_dict(from.state_dict());
    CHECK(report.conversions.size() == 2);
    const Value state = to.state_dict().at("state", 0);
    CHECK(state["exp_avg"].as_tensor().dtype() == DType::float64);
    CHECK(state["exp_avg"].as_tensor().device() == device);
    CHECK(state["step"].as_tensor().dtype() == DType::float32);
    CHECK(state["step"].as_tensor().device() == Device("cpu"));
  }
}

TEST_CASE("an optimizer goes on on another device where it was", "[device]") {
  for (const Device device : devices()) {
    for (const auto& [from, to] : {std::pair{Device(), device}, {device, Device()}, {device, another_device(device)}}) {
      CAPTURE(from, to);
      optim::Adam unbroken(unnamed(from), {.lr = 0.1}), resumed(unnamed(to), {.lr = 0.1});
      step(unbroken, 1);
      for (std::size_t i = 0; i < 2; ++i) resumed.parameters()[i].detach().copy_(unbroken.parameters()[i].detach());
      resumed.load_state_dict(unbroken.state_dict());
      step(unbroken, -2);
      step(resumed, -2);
      for (std::size_t i = 0; i < 2; ++i) {
        CHECK(resumed.parameters()[i].device() == to);
        CHECK(values(resumed.parameters()[i]) == values(unbroken.parameters()[i]));
      }
    }
  }
}

TEST_CASE("what is no optimizer's state is refused with the way out") {
  optim::SGD sgd(unnamed());
  CHECK_THROWS_AS(sgd.load_state_dict(Value(5)), TypeError);
  CHECK_THAT(message_of([&] {
               sgd.load_state_dict({{"epoch", 3}});
             }),
             Catch::Matchers::Contains("there is no 'state'"));
  CHECK_THAT(message_of([&] {
               sgd.load_state_dict({{"state", Dict()}, {"param_groups", 3}});
             }),
             Catch::Matchers::Contains("they are dict and int"));
}

namespace {

using Named = std::vector<std::pair<std::string, Tensor>>;

/// Adam with momentum of each parameter told apart: that of "a" is full of 1, of "b" of 2, of "c" of 3.
Value saved_abc() {
  optim::Adam from(Named{{"a", parameter({1, 2})}, {"b", parameter({3})}, {"c", parameter({4})}}, {.lr = 0.5});
  step(from, 1);
  Value saved = snapshot(from.state_dict());
  for (int i = 0; i < 3; ++i) saved.at("state", i, "exp_avg").as_tensor().fill_(i + 1);
  return saved;
}

std::string fields_hint(const std::function<void()>& f) {
  try {
    f();
  } catch (const StateDictError& error) {
    return error.fields().hint;
  }
  return "no StateDictError was thrown";
}

}  // namespace

TEST_CASE("a layer that is gone, one that is new, another order: those that remain keep their moments", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  optim::Adam to(
      Named{{"c", parameter({4}, device)}, {"new", parameter({5, 6}, device)}, {"a", parameter({1, 2}, device)}});
  step(to, 1);
  const std::string new_before = to_string(to.state_dict().at("state", 1));
  const Value saved = saved_abc();
  CHECK(message_of([&] { to.load_state_dict(saved); }) ==
        "Error(s) in loading state_dict for Adam:\n\tparameter \"new\" is not among the param_names of the state "
        "dict\n\tthe state dict has a parameter \"b\", which is not here");
  const LoadReport report = to.load_state_dict(saved, {.strict = false});
  CHECK(to_string(report) == "_IncompatibleKeys(missing_keys=['new'], unexpected_keys=['b'])");
  const Value state = to.state_dict()["state"];
  CHECK(values(state.at(0, "exp_avg").as_tensor()) == std::vector<float>{3});
  CHECK(values(state.at(2, "exp_avg").as_tensor()) == std::vector<float>{1, 1});
  CHECK(to_string(state.at(1)) == new_before);
  CHECK(to.option(0, "lr").as_float() == 0.5);
  step(to, 1);
}

TEST_CASE("a frozen layer that the optimizer is no longer given is left out, and named where that is not asked for") {
  optim::Adam to(Named{{"b", parameter({3})}, {"c", parameter({4})}});
  const Value saved = saved_abc();
  CHECK(message_of([&] { to.load_state_dict(saved); }) ==
        "loaded state dict contains a parameter group that doesn't match the size of optimizer's group");
  CHECK(fields_hint([&] { to.load_state_dict(saved); }) ==
        "strict = false loads what both have; only in the state dict: \"a\"");
  CHECK(to.load_state_dict(saved, {.strict = false}).unexpected_keys == std::vector<std::string>{"a"});
  CHECK(values(to.state_dict().at("state", 0, "exp_avg").as_tensor()) == std::vector<float>{2});
}

TEST_CASE("groups may be cut anew: each takes the options that its first parameter had, and a new one keeps its own") {
  std::vector<optim::ParameterGroup> saved_groups(2), groups(3);
  saved_groups[0] = {Named{{"a", parameter({1})}, {"b", parameter({2})}}, {{"lr", 0.25}}};
  saved_groups[1] = {Named{{"c", parameter({3})}}, {{"lr", 0.125}}};
  groups[0] = {Named{{"new", parameter({0})}}, {{"lr", 7}}};
  groups[1] = {Named{{"c", parameter({3})}, {"b", parameter({2})}}};
  groups[2] = {Named{{"a", parameter({1})}}};
  optim::SGD from(saved_groups, {.momentum = 0.9}), to(groups);
  step(from, 1);
  for (int i = 0; i < 3; ++i) from.state_dict().at("state", i, "momentum_buffer").as_tensor().fill_(i);
  CHECK(message_of([&] { to.load_state_dict(from.state_dict()); }) ==
        "loaded state dict has a different number of parameter groups");
  const LoadReport report = to.load_state_dict(from.state_dict(), {.strict = false});
  CHECK(to.option(0, "lr").as_int() == 7);
  CHECK(to.option(0, "momentum").as_int() == 0);
  CHECK(to.option(1, "lr").as_float() == 0.125);
  CHECK(to.option(2, "lr").as_float() == 0.25);
  for (const auto& [parameter, moment] : {std::pair{1, 2.0f}, {2, 1.0f}, {3, 0.0f}})
    CHECK(values(to.state_dict().at("state", parameter, "momentum_buffer").as_tensor()) == std::vector{moment});
  CHECK(report.warnings == std::vector<std::string>{"parameter \"b\" was in group 0 of the state dict; it has the "
                                                    "options of its group here, which are those of group 1"});
}

TEST_CASE("without names a load is never partial, and says what would help") {
  optim::Adam to({parameter({3}), parameter({4})});
  CHECK(fields_hint([&] { to.load_state_dict(saved_abc(), {.strict = false}); }) ==
        "without names on both sides, parameters are matched by their position: give the optimizer named_parameters()");
}

TEST_CASE("a partial load is all or nothing, too") {
  optim::Adam to(Named{{"a", parameter({1, 2, 3})}, {"c", parameter({4})}});
  step(to, 1);
  const Value before = snapshot(to.state_dict());
  CHECK_THAT(message_of([&] { to.load_state_dict(saved_abc(), {.strict = false}); }),
             Catch::Matchers::Contains("size mismatch for 'exp_avg' of parameter \"a\": the state dict has "
                                       "torch.Size([2]), the parameter is torch.Size([3])"));
  CHECK(to_string(to.state_dict()) == to_string(before));
}

TEST_CASE("SGD without momentum goes on with the momentum that it loads") {
  optim::SGD from(parameters::unnamed(), {.lr = 0.1, .momentum = 0.9}), to(parameters::unnamed());
  step(from, 1);
  for (std::size_t i = 0; i < 2; ++i) to.parameters()[i].detach().copy_(from.parameters()[i].detach());
  to.load_state_dict(from.state_dict());
  step(from, 2);
  step(to, 2);
  CHECK(to.option(0, "momentum").as_float() == 0.9);
  for (std::size_t i = 0; i < 2; ++i) CHECK(values(to.parameters()[i]) == values(from.parameters()[i]));
}
