// What holds for every optimizer, as a table: one row a class and choice of options.
#include <cairn/optim.h>

#include <functional>
#include <memory>

#include "catch.h"
#include "parameters.h"
#include "snapshot.h"

using namespace cairn;
using parameters::parameter;
using parameters::values;

namespace {

using Groups = std::vector<optim::ParameterGroup>;
using Maker = std::function<std::unique_ptr<optim::Optimizer>(Groups)>;

template <class Optimizer, class Options>
Maker maker(const Options& options) {
  return [options](Groups groups) { return std::make_unique<Optimizer>(std::move(groups), options); };
}

struct Row {
  const char* name;
  Maker make;
  std::vector<std::string> state;  ///< What is remembered of a parameter, in order.
};

std::vector<Row> rows() {
  using namespace optim;
  return {
      {"SGD", maker<SGD>(SGDOptions{.lr = 0.1}), {}},
      {"SGD", maker<SGD>(SGDOptions{.lr = 0.1, .momentum = 0.9, .nesterov = true}), {"momentum_buffer"}},
      {"Adam", maker<Adam>(AdamOptions{.lr = 0.1}), {"step", "exp_avg", "exp_avg_sq"}},
      {"Adam",
       maker<Adam>(AdamOptions{.lr = 0.1, .betas = {0.3, 0.9}, .amsgrad = true}),
       {"step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"}},
      {"AdamW", maker<AdamW>(AdamWOptions{.lr = 0.1}), {"step", "exp_avg", "exp_avg_sq"}},
      {"RMSprop", maker<RMSprop>(RMSpropOptions{.lr = 0.1}), {"step", "square_avg"}},
      {"RMSprop",
       maker<RMSprop>(RMSpropOptions{.lr = 0.1, .momentum = 0.9, .centered = true}),
       {"step", "square_avg", "momentum_buffer", "grad_avg"}},
      {"Adagrad",
       maker<Adagrad>(AdagradOptions{.lr = 0.1, .lr_decay = 0.5, .initial_accumulator_value = 0.5}),
       {"step", "sum"}},
  };
}

Groups groups_of(std::vector<Tensor> list) {
  Groups groups(2);
  groups[0].parameters = std::vector{list.at(0)};
  groups[1] = {std::vector{list.at(1)}, {{"lr", 0.01}, {"weight_decay", 0.5}}};
  return groups;
}

Groups one(const Tensor& tensor, Dict options) {
  Groups groups(1);
  groups[0] = {std::vector{tensor}, std::move(options)};
  return groups;
}

void step(optim::Optimizer& optimizer, float grad) {
  parameters::set_grads(optimizer, grad);
  optimizer.step();
}

}  // namespace

TEST_CASE("every optimizer goes on after a resume as if nothing had happened, bit for bit", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  for (const Row& row : rows()) {
    CAPTURE(device, row.name, row.state);
    const auto unbroken = row.make(groups_of(parameters::unnamed(device)));
    for (const float grad : {1.0f, -2.0f, 0.5f}) step(*unbroken, grad);
    const Value saved = snapshot(unbroken->state_dict());
    std::vector<Tensor> list;
    for (const std::size_t group : {0, 1})
      list.push_back(unbroken->parameters(group)[0].detach().clone().requires_grad_());
    const auto resumed = row.make(groups_of(list));
    resumed->load_state_dict(saved);
    CHECK(to_string(resumed->state_dict()) == to_string(saved));
    for (const float grad : {3.0f, 0.25f}) {
      step(*unbroken, grad);
      step(*resumed, grad);
    }
    for (const std::size_t group : {0, 1}) CHECK(values(list[group]) == values(unbroken->parameters(group)[0]));
    CHECK(to_string(resumed->state_dict()) == to_string(unbroken->state_dict()));
  }
}

TEST_CASE("every optimizer's state has PyTorch's names in PyTorch's order") {
  for (const Row& row : rows()) {
    CAPTURE(row.name, row.state);
    const auto optimizer = row.make(groups_of(parameters::unnamed()));
    CHECK(optimizer->name() == row.name);
    step(*optimizer, 1);
    const Value state = optimizer->state_dict()["state"];
    if (row.state.empty()) {
      CHECK(state.size() == 0);
      continue;
    }
    std::vector<std::string> names;
    for (const auto& [key, tensor] : state.at(1).as_dict()) names.push_back(key.text());
    CHECK(names == row.state);
  }
}

TEST_CASE("maximize is the step of the gradient turned round", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  for (const Row& row : rows()) {
    CAPTURE(device, row.name, row.state);
    const auto down = row.make(one(parameter({1, -2}, device), {{"weight_decay", 0.5}}));
    const auto up = row.make(one(parameter({1, -2}, device), {{"weight_decay", 0.5}, {"maximize", true}}));
    for (const float grad : {1.0f, -0.5f, 2.0f}) {
      step(*down, grad);
      step(*up, -grad);
    }
    CHECK(values(down->parameters()[0]) == values(up->parameters()[0]));
  }
}

TEST_CASE("weight decay moves a number without a gradient towards zero", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  for (const Row& row : rows()) {
    CAPTURE(device, row.name, row.state);
    const auto optimizer = row.make(one(parameter({2, -2}, device), {{"weight_decay", 0.5}}));
    step(*optimizer, 0);
    const std::vector<float> after = values(optimizer->parameters()[0]);
    CHECK(after[0] < 2);
    CHECK(after[0] > 0);
    CHECK(after[1] == -after[0]);
    const auto without = row.make(one(parameter({2, -2}, device), {{"weight_decay", 0}}));
    step(*without, 0);
    CHECK(values(without->parameters()[0]) == std::vector<float>{2, -2});
  }
}

TEST_CASE("no optimizer loads the state of another class, and nothing changes") {
  for (const Row& from : rows()) {
    for (const Row& to : rows()) {
      // AdamW's options are Adam's, with a decay that Adam has too: PyTorch's way from the one to the other.
      if (std::string_view(from.name) == to.name) continue;
      if (std::string_view(from.name) == "AdamW" && std::string_view(to.name) == "Adam") continue;
      CAPTURE(from.name, to.name);
      const auto source = from.make(groups_of(parameters::unnamed())),
                 target = to.make(groups_of(parameters::unnamed()));
      step(*source, 1);
      step(*target, 1);
      const Value before = snapshot(target->state_dict());
      CHECK_THROWS_AS(target->load_state_dict(source->state_dict()), StateDictError);
      CHECK(to_string(target->state_dict()) == to_string(before));
    }
  }
}

TEST_CASE("whatever is wrong in a state is named with its parameter, and nothing changes") {
  for (const Row& row : rows()) {
    if (row.state.empty()) continue;
    CAPTURE(row.name, row.state);
    Groups groups(1);
    groups[0].parameters = parameters::named();
    const auto optimizer = row.make(groups);
    step(*optimizer, 1);
    const Value before = snapshot(optimizer->state_dict());
    for (const std::string& slot : row.state) {
      CAPTURE(slot);
      Value wrong = snapshot(before);
      wrong["state"].as_dict()[1][slot] = zeros({7});
      CHECK_THROWS_WITH(optimizer->load_state_dict(wrong), Catch::Matchers::Contains("parameter \"b\""));
      wrong["state"].as_dict()[1].as_dict().erase(slot);
      if (slot == "momentum_buffer" && row.state.size() == 1)
        CHECK_NOTHROW(optimizer->plan_load(wrong));  // SGD begins a buffer that is not there
      else
        CHECK_THROWS_WITH(optimizer->load_state_dict(wrong),
                          Catch::Matchers::Contains("the state of parameter \"b\" lacks '" + slot + "'"));
    }
    CHECK(to_string(optimizer->state_dict()) == to_string(before));
  }
}
