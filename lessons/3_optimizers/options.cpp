// An optimizer has a state dict, too: what it remembers, and the options of each group of parameters.
//
// PyTorch 2.15 has nine options for SGD; older texts show the first five. The last three choose among PyTorch's
// implementations: here they are kept and saved, and mean nothing else.
#include "simple_model.h"

using namespace cairn;

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  SimpleModel model;
  optim::SGD optimizer(model.parameters(), {.lr = 0.01, .momentum = 0.9});

  print("Optimizer's state_dict:");
  const Value state = optimizer.state_dict();
  for (const auto& [key, value] : state.as_dict()) {
    print(key.text());
    if (key != "param_groups") continue;
    for (std::size_t i = 0; i < value.size(); ++i) {  // a list: one dict of options for each group
      print(" Parameter group", i);
      for (const auto& [option, setting] : value.items()[i].as_dict()) {
        if (option != "params") std::cout << " " << option.text() << ": " << setting << "\n";
      }
    }
  }
}
