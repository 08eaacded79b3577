// How large a checkpoint is: the model once, and again for each tensor that the optimizer remembers of a parameter.
//
// SGD with momentum remembers one, Adam two.
#include <cmath>

#include "simple_model.h"

using namespace cairn;

std::size_t saved_size(const Value& value) {
  return io::save_to_memory(value, {.preset = io::Preset::none}).data.size();  // not compressed
}

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  nn::Linear model(10, 20000, {.device = lesson.device});
  optim::SGD sgd(model.parameters(), {.lr = 0.01, .momentum = 0.9});
  optim::Adam adam(model.parameters());
  train_step(model, sgd);
  train_step(model, adam);

  const std::size_t once = saved_size(model.state_dict());
  const auto print_size = [&](const char* what, const Value& checkpoint) {
    print(what, std::round(static_cast<double>(saved_size(checkpoint)) / static_cast<double>(once)), "times the model");
  };
  print_size("the model:            ", model.state_dict());
  print_size("with SGD's momentum:  ", {{"model", model.state_dict()}, {"optimizer", sgd.state_dict()}});
  print_size("with Adam's two means:", {{"model", model.state_dict()}, {"optimizer", adam.state_dict()}});
}
