// A model that was wrapped when it was saved: all its keys begin with the wrapper's name for it.
//
// PyTorch's DataParallel keeps the model as `module`, and its own state dict has "module.fc1.weight". It is better to
// save `parallel.module`, whose keys are plain. The prefix of those who did not can be taken off on the way in.
#include "simple_model.h"

using namespace cairn;

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  SimpleModel model;
  model.to(lesson.device);
  io::save(lesson.file("parallel.cairn"), add_prefix(model.state_dict(), "module."));

  const StateDict state = io::load(lesson.file("parallel.cairn")).as_state_dict();
  print(keys_text(state));
  try {
    model.load_state_dict(state);
  } catch (const StateDictError& error) {
    print(error.what());  // PyTorch's text, and a hint
  }

  print("\nwithout this prefix:  ", model.load_state_dict(state, {.strip_prefix = "module."}));
  print("without any wrapper's:", model.load_state_dict(state, {.strip_wrappers = true}));
  print("as a dict of its own: ", keys_text(strip_prefix(state, "module.")));
}
