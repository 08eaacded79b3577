// Saving what is new: the whole network, or its head alone, to be put on the pretrained network again.
//
// The head's two keys are enough as long as nothing else has moved. They fit a network with a head of that size only.
// The tutorial that this follows puts ten rows into a head of a thousand, which is an error in PyTorch, too.
#include "pretrained.h"

using namespace cairn;

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  ResNet18 model = pretrained(lesson.device);
  nn::init::uniform_(model.fc->weight);  // as if it had been trained

  const StateDict fine_tuned = model.state_dict();
  io::save(lesson.file("fine_tuned_resnet18.cairn"), fine_tuned);
  const StateDict fc_state_dict = filter(fine_tuned, {.only = {"fc.*"}});
  io::save(lesson.file("fine_tuned_fc_only.cairn"), fc_state_dict);
  print("all of it: ", fine_tuned.size(), "keys");
  print("the head:  ", keys_text(fc_state_dict));

  // A pretrained network with a thousand classes; its own dict, updated with the head's two keys.
  ResNet18 new_model({.width = 4, .classes = 1000});
  new_model.to(lesson.device);
  new_model.load_state_dict(pretrained_state(), {.except = {"fc.*"}});
  const StateDict fc_state = io::load(lesson.file("fine_tuned_fc_only.cairn")).as_state_dict();
  StateDict model_state = new_model.state_dict();
  model_state.update(fc_state);
  try {
    new_model.load_state_dict(model_state);
  } catch (const StateDictError& error) {
    print(error.message());
  }

  // Right: a head of the right size first.
  new_model.fc = nn::make<nn::Linear>(new_model.fc->in_features, 10, nn::LinearOptions{.device = lesson.device});
  print(new_model.load_state_dict(model_state));

  model.eval();
  new_model.eval();
  const Tensor x = ones({1, 3, 32, 32}, {.device = lesson.device});
  print("what they compute:", all(model(x) == new_model(x)).item() ? "the same" : "something else");
}
