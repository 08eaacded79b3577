// Whole training runs: layers in a row, a loss, an optimizer, dozens of steps.
#include <set>

#include "builders.h"

namespace golden {

using namespace cairn;

namespace {

/// Names that rounding decides: BatchNorm takes off again what the layer before it adds to all images alike, so that
/// layer's bias has a gradient of rounding errors (1e-8; 1e-16 in float64). An optimizer that divides by the size of
/// gradients makes whole steps of it, other ones on every machine that runs PyTorch; the running mean follows.
std::set<std::string> decided_by_rounding(const Json& golden_case) {
  std::set<std::string> names;
  if (golden_case.at("optimizer") == "SGD") return names;
  const Json& layers = golden_case.at("layers");
  for (std::size_t i = 1; i < layers.size(); ++i) {
    if (!layers[i].at(0).get<std::string>().starts_with("BatchNorm")) continue;
    names.insert(std::to_string(i - 1) + ".bias");
    names.insert(std::to_string(i) + ".running_mean");
  }
  return names;
}

}  // namespace

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
  const std::set<std::string> left_out = decided_by_rounding(golden_case);
  for (const auto& [key, expected] : numbers.all(name, "state_after."))
    if (!left_out.contains(key)) compare("state_after." + key, after.at(key), expected, tolerance);
}

}  // namespace golden
