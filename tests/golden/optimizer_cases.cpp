// Optimizers: the way of the parameters, the state after it, and what is saved of both.
#include <cairn/core/print.h>

#include "builders.h"

namespace golden {

using namespace cairn;

namespace {

/// The parameters of each group, as the saved groups list them.
std::vector<optim::ParameterGroup> make_groups(const Json& golden_case, const std::vector<Tensor>& parameters) {
  std::vector<optim::ParameterGroup> groups;
  for (const Json& saved : golden_case.at("param_groups")) {
    optim::ParameterGroup group;
    for (const Json& index : saved.at("params"))
      group.parameters.tensors.push_back(parameters.at(index.get<std::size_t>()));
    groups.push_back(std::move(group));
  }
  if (!golden_case.at("group2").is_null()) groups.at(1).options = to_options(golden_case.at("group2"));
  return groups;
}

}  // namespace

void run_optimizer(const Json& golden_case, const Numbers& numbers) {
  const std::string name = golden_case.at("case");
  std::vector<Tensor> parameters;
  while (const Tensor* parameter = numbers.find(name, "param." + std::to_string(parameters.size()))) {
    parameters.push_back(parameter->clone().requires_grad_());
  }
  const auto optimizer =
      make_optimizer(golden_case.at("kind"), make_groups(golden_case, parameters), golden_case.at("args"));
  const Json& schedule = golden_case.at("scheduler");
  const auto scheduler =
      schedule.is_null() ? nullptr : make_scheduler(schedule.at("kind"), *optimizer, schedule.at("args"));

  for (int step = 0; step < golden_case.at("steps").get<int>(); ++step) {
    const std::string number = std::to_string(step);
    for (std::size_t g = 0; g < optimizer->group_count(); ++g) {
      expect(equals(optimizer->option(g, "lr"), golden_case.at("lrs").at(step).at(g)), "lr of group ", g, " in step ",
             step, " is ", to_string(optimizer->option(g, "lr")));
    }
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const Tensor* grad = numbers.find(name, "grad." + number + "." + std::to_string(i));
      parameters[i].set_grad(grad ? grad->clone() : Tensor());
    }
    optimizer->step();
    if (scheduler) scheduler->step();
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const std::string after = "param_after." + number + "." + std::to_string(i);
      const Tensor& expected = numbers.at(name, after);
      compare(after, parameters[i], expected, numbers.tolerance(expected.dtype()));
    }
  }

  const Value saved = optimizer->state_dict();
  expect(equals(saved["param_groups"], golden_case.at("param_groups")), "param_groups is ",
         to_string(saved["param_groups"]));
  expect(equals(saved["state"], golden_case.at("state")), "state is ", to_string(saved["state"]));
  for (const auto& [key, expected] : numbers.all(name, "state.")) {
    const std::size_t dot = key.find('.');
    const Tensor& found = saved.at("state", std::stoi(key.substr(0, dot)), key.substr(dot + 1)).as_tensor();
    compare("state." + key, found, expected, numbers.tolerance(expected.dtype()));
  }
}

}  // namespace golden
