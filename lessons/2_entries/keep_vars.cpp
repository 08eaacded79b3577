// The arguments of state_dict(): a prefix, the parameters themselves, a dict to add to.
//
// A state dict's tensors are detached from the graph: they name the model's numbers, but no gradient reaches them.
// `keep_vars` gives the parameters and buffers themselves, for reading `grad` or `requires_grad` by name. It costs
// nothing: what it leaves out is the detaching. For saving it is of no use.
#include "my_model.h"

using namespace cairn;

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  MyModel model;
  model.to(lesson.device);

  // The prefix goes before every name as it is: whoever wants a dot says so.
  const StateDict kept = model.state_dict("ds", /*keep_vars=*/true);
  for (const auto& [key, value] : kept) std::cout << key << ": " << value.as_tensor().shape() << "\n";

  print("\nA parameter and a buffer:");
  print(kept.at("dsbn.weight"));
  print(kept.at("dsbn.running_var"));
  print("Without keep_vars:");
  print(model.state_dict().at("bn.weight"));

  // What the gradients are, by name.
  sum(model(ones({2, 10}, {.device = lesson.device}))).backward();
  print("\nThe gradient of dsbn.bias:");
  print(kept.at("dsbn.bias").grad());

  // Into a dict that is there already.
  StateDict destination{{"epoch", 3}};
  model.bn->state_dict(destination, "norm.");
  print("\n" + keys_text(destination));
}
