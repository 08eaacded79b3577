// A file, and a change: what a state dict shares with its model, and what it does not.
//
// Assigning an entry gives the dict another tensor and leaves the model alone. Loading the dict then copies the new
// numbers into whichever model is told to take them.
#include "my_model.h"

using namespace cairn;

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);

  MyModel first;
  first.linear->weight.detach().zero_();
  StateDict state = first.state_dict();
  io::save(lesson.file("model_state.cairn"), state);

  MyModel model;
  model.to(lesson.device);
  print(model.load_state_dict(io::load(lesson.file("model_state.cairn"))));

  state.set("linear.weight", ones_like(state.at("linear.weight")));
  print(model.load_state_dict(state));
  print("the model loaded:", model.linear->weight.detach()[0]);
  print("the first model: ", first.linear->weight.detach()[0]);
}
