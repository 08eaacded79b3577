// Whole training runs: layers in a row, a loss, an optimizer, dozens of steps.
#include "builders.h"

namespace golden {

using namespace cairn;

void run_training(const Json& golden_case, const Numbers& numbers) {
  const std::string name = golden_case.at("case");
  nn::Sequential model;
  for (const Json& layer : golden_case.at("layers")) model.push_back(make_module(layer.at(0), layer.at(1)));
  model.to(dtype_from_name(golden_case.at("dtype").get<std::string>())).to(device());
  StateDict state;
  for (const auto& [key, tensor] : numbers.all(name, "state.")) state.set(key, tensor);
  model.load_state_dict(state);

  std::vector<optim::ParameterGroup> groups(1);
  groups[0].parameters = model.named_parameters();
  const auto optimizer = make_optimizer(golden_case.at("optimizer"), std::move(groups), golden_case.at("args"));
  const Tolerance tolerance = numbers.tolerance(std::string("training"));
  for (int step = 0; step < golden_case.at("steps").get<int>(); ++step) {
    const std::string number = std::to_string(step);
    const Tensor& target = numbers.at(name, "t." + number);
    optimizer->zero_grad();
    const Tensor output = model(numbers.at(name, "x." + number));
    const Tensor loss = is_floating_point(target.dtype()) ? mse_loss(output, target) : cross_entropy(output, target);
    loss.backward();
    optimizer->step();
    const Tensor expected = full({}, golden_case.at("losses").at(step).get<double>(), {.dtype = DType::float64});
    compare("the loss of step " + number, loss.to(DType::float64), expected, tolerance);
  }
  const StateDict after = model.state_dict();
  for (const auto& [key, expected] : numbers.all(name, "state_after."))
    compare("state_after." + key, after.at(key), expected, tolerance);
}

}  // namespace golden
