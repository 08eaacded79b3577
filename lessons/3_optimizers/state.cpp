// What an optimizer remembers: nothing before its first step, and then a few tensors for each parameter.
//
// SGD with momentum keeps the step it took. Adam keeps two running means and the number of steps. Given names, an
// optimizer writes them into its state dict, and can later find its parameters in a model whose order has changed.
#include "simple_model.h"

using namespace cairn;

/// What there is for each parameter, by its number.
void print_state(const Value& state_dict) {
  for (const auto& [index, remembered] : state_dict["state"].as_dict()) {
    for (const auto& [name, value] : remembered.as_dict())
      print(index.number(), name.text(), value.as_tensor().shape());
  }
}

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  SimpleModel model;
  model.to(lesson.device);
  optim::SGD sgd(model.parameters(), {.lr = 0.001, .momentum = 0.9});
  optim::Adam adam(model.named_parameters());
  print("before:", sgd.state_dict()["state"]);

  mse_loss(model(ones({4, 10}, {.device = lesson.device})), zeros({4, 2}, {.device = lesson.device})).backward();
  sgd.step();
  adam.step();

  print("\nSGD");
  print_state(sgd.state_dict());
  print(sgd.state_dict()["param_groups"]);

  print("\nAdam, by name");
  print_state(adam.state_dict());
  print(adam.state_dict()["param_groups"]);

  print("\nthe parameters:", adam.state_dict().at("param_groups", 0, "param_names"));
}
