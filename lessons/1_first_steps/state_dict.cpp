// What a state dict is: the numbers of a module, each under its name, in order.
//
// It has OrderedDict's interface and prints as a notebook prints one. Its entries are not copies: they are the
// module's own numbers, and writing into one changes the module. That is how the numbers get in here.
#include "lesson.h"

using namespace cairn;

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);

  nn::Linear model(3, 2);  // begins with random numbers; these are the ones to show
  const StateDict state = model.state_dict();
  state.at("weight").copy_(tensor({-0.2987f, 0.3579f, 0.4962f, -0.4645f, 0.2501f, -0.3249f}).view({2, 3}));
  state.at("bias").copy_(tensor({-0.4080f, 0.0948f}));

  print(model.state_dict());

  // The keys are the names of the module's attributes, the values tensors; the order is that of their declaration.
  for (const auto& [key, value] : model.state_dict()) print(key, value.as_tensor().shape());
  print(keys_text(model.state_dict()));
  print(model.bias.detach());
}
