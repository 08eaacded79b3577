// Modules and losses: their state, their printed form, what they compute and the gradients.
#include <algorithm>
#include <functional>
#include <map>

#include "builders.h"

namespace golden {

using namespace cairn;

namespace {

StateDict state_of(const Json& golden_case, const Numbers& numbers) {
  StateDict state;
  for (const auto& [name, tensor] : numbers.all(golden_case.at("case"), "state.")) state.set(name, tensor);
  return state;
}

struct LossKind {
  std::vector<std::string> arguments;  // beside weight and reduction
  std::function<Tensor(const Tensor& input, const Tensor& target, const Tensor& weight, Reduction, const Json& args)>
      compute;
};

const LossKind& loss_kind(const std::string& kind) {
  using T = const Tensor&;
  using J = const Json&;
  static const std::map<std::string, LossKind> kinds = {
      {"CrossEntropyLoss",
       {{"ignore_index", "label_smoothing"},
        [](T x, T t, T weight, Reduction r, J args) {
          return nn::CrossEntropyLoss(
              {weight, args.value("ignore_index", std::int64_t{-100}), r, args.value("label_smoothing", 0.0)})(x, t);
        }}},
      {"NLLLoss",
       {{"ignore_index"},
        [](T x, T t, T weight, Reduction r, J args) {
          return nn::NLLLoss({weight, args.value("ignore_index", std::int64_t{-100}), r})(x, t);
        }}},
      {"MSELoss", {{}, [](T x, T t, T, Reduction r, J) { return nn::MSELoss({r})(x, t); }}},
      {"L1Loss", {{}, [](T x, T t, T, Reduction r, J) { return nn::L1Loss({r})(x, t); }}},
      {"SmoothL1Loss",
       {{"beta"},
        [](T x, T t, T, Reduction r, J args) {
          return nn::SmoothL1Loss({r, args.value("beta", 1.0)})(x, t);
        }}},
      {"BCELoss",
       {{},
        [](T x, T t, T weight, Reduction r, J) {
          return nn::BCELoss({weight, r})(x, t);
        }}},
      {"BCEWithLogitsLoss",
       {{},
        [](T x, T t, T weight, Reduction r, J) {
          return nn::BCEWithLogitsLoss({weight, r})(x, t);
        }}},
  };
  const auto found = kinds.find(kind);
  expect(found != kinds.end(), "there is no loss ", kind);
  return found->second;
}

}  // namespace

void run_module(const Json& golden_case, const Numbers& numbers) {
  const std::string name = golden_case.at("case");
  const std::shared_ptr<nn::Module> module = make_module(golden_case.at("kind"), golden_case.at("args"));
  expect_text("repr", to_string(*module), golden_case.at("repr"));
  expect(Json(module->state_dict().keys()) == golden_case.at("state_keys"), "state_dict has ",
         keys_text(module->state_dict()));
  module->to(device());
  module->train(golden_case.at("training").get<bool>());
  module->load_state_dict(state_of(golden_case, numbers));

  const int steps = golden_case.at("steps");
  Tensor input, output;
  for (int step = 0; step < steps; ++step) {
    input = numbers.at(name, "input." + std::to_string(step)).clone();
    const bool last = step + 1 == steps;
    if (last && numbers.find(name, "grad_input")) input.requires_grad_();
    output = (*module)(input);
    const Tensor& expected = numbers.at(name, "output." + std::to_string(step));
    compare("output." + std::to_string(step), output, expected, numbers.tolerance(expected.dtype()));
  }
  if (const Tensor* grad_output = numbers.find(name, "grad_output")) output.backward(*grad_output);
  if (const Tensor* expected = numbers.find(name, "grad_input"))
    compare("grad_input", input.grad(), *expected, numbers.tolerance(expected->dtype()));
  for (const auto& [parameter, tensor] : module->named_parameters()) {
    if (const Tensor* expected = numbers.find(name, "grad." + parameter)) {
      compare("grad." + parameter, tensor.grad(), *expected, numbers.tolerance(expected->dtype()));
    }
  }
  const StateDict after = module->state_dict();
  for (const auto& [key, expected] : numbers.all(name, "state_after.")) {
    compare("state_after." + key, after.at(key), expected, numbers.tolerance(expected.dtype()));
  }
}

void run_loss(const Json& golden_case, const Numbers& numbers) {
  const std::string name = golden_case.at("case"), kind = golden_case.at("kind");
  const Json& args = golden_case.at("args");
  const Tensor input = numbers.at(name, "input").clone().requires_grad_();
  const Tensor& target = numbers.at(name, "target");
  const Reduction reduction = to_reduction(args.value("reduction", "mean"));

  const LossKind& loss = loss_kind(kind);
  for (const auto& [argument, value] : args.items()) {
    const auto& known = loss.arguments;
    expect(argument == "reduction" || std::find(known.begin(), known.end(), argument) != known.end(), kind,
           " has no argument ", argument, " here");
  }
  const Tensor weight = golden_case.value("has_weight", false) ? numbers.at(name, "weight") : Tensor();
  const Tensor output = loss.compute(input, target, weight, reduction, args);
  const Tensor& expected = numbers.at(name, "output");
  compare("output", output, expected, numbers.tolerance(expected.dtype()));
  if (const Tensor* grad_output = numbers.find(name, "grad_output"))
    output.backward(*grad_output);
  else
    output.sum().backward();
  if (const Tensor* grad = numbers.find(name, "grad_input"))
    compare("grad_input", input.grad(), *grad, numbers.tolerance(grad->dtype()));
}

}  // namespace golden
