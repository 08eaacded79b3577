// What is in a state dict: parameters, which are trained, and buffers, which are state all the same.
//
// BatchNorm's running mean and variance decide what it computes in evaluation, so they are saved with the weights.
#include "my_model.h"

using namespace cairn;

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);

  MyModel model;
  model.to(lesson.device);
  for (const auto& [key, value] : model.state_dict()) std::cout << key << ": " << value.as_tensor().shape() << "\n";

  print("\nparameters:");
  for (const auto& [name, parameter] : model.named_parameters()) print(name);
  print("\nbuffers:");
  for (const auto& [name, buffer] : model.named_buffers()) print(name);
}
