// The numbers alone, or the whole model: two ways to save, and why the first is the one to choose.
//
// Numbers fit whatever has their names and shapes. A whole model also needs its class, under the name it had, in the
// program that loads it, with the members it had: a file that outlives a refactoring does not load any more. What
// torch.save takes to steer pickle has no counterpart, because there is no pickle.
#include "lesson.h"

using namespace cairn;

struct Net : nn::Module {
  nn::Child<nn::Linear> fc{this, "fc", 4, 2};
  Tensor forward(const Tensor& x) override { return fc(x); }
};

namespace refactored {

struct Net : nn::Module {
  nn::Child<nn::Linear> layer{this, "layer", 4, 2};  // was fc
  Tensor forward(const Tensor& x) override { return layer(x); }
};

}  // namespace refactored

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  Net net;
  net.to(lesson.device);
  io::save(lesson.file("params.cairn"), net.state_dict());
  io::save(lesson.file("model.cairn"), nn::to_value(net));

  // The numbers: the program makes the model.
  Net from_params;
  print(from_params.load_state_dict(io::load(lesson.file("params.cairn"))));
  from_params.eval();

  // The whole model: the file says what to make, of what the registry allows.
  const Value whole = io::load(lesson.file("model.cairn"));
  nn::Registry registry = nn::Registry::built_in();
  registry.add<Net>();
  const std::shared_ptr<nn::Module> model = nn::from_value(whole, registry);
  model->eval();
  print(*model);

  // After a refactoring.
  nn::Registry new_registry = nn::Registry::built_in();
  new_registry.add<refactored::Net>();
  try {
    nn::from_value(whole, new_registry);
  } catch (const Error& error) {
    print("\nthe whole model:", error.message());
  }
  refactored::Net new_net;
  print("the numbers:",
        new_net.load_state_dict(io::load(lesson.file("params.cairn")), {.rename = {{"fc.*", "layer.*"}}}));
}
