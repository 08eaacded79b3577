// A model's state dict, looked at from outside: names, shapes, dtypes.
#include "simple_model.h"

using namespace cairn;

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  SimpleModel model;
  model.to(lesson.device);
  nn::init::zeros_(model.fc2->bias);  // random in a new model, here as in PyTorch

  print("Model's state_dict:");
  for (const auto& [name, value] : model.state_dict()) print(name, "\t", value.as_tensor().shape());

  const StateDict state = model.state_dict();
  print("\nState Dictionary Keys:", keys_text(state));
  print("Data type of fc1.weight:", state.at("fc1.weight").dtype());
  print("Values of fc2.bias:", state.at("fc2.bias"));
  print("Shape of fc1.weight:", state.at("fc1.weight").shape());
}
