// Exercise 3: a pretrained network with other ends: one grey channel comes in, and five classes go out.
//
// What does not fit, `skip_mismatched` leaves out and reports. The head is new, and has to learn. The stem need not: a
// grey image is one whose three colours are equal, so the sums of the three colours' weights do for it what they did.
#include "7_transfer/pretrained.h"

using namespace cairn;

void move_weights(nn::Module& model, const StateDict& state) {
  const LoadReport report = model.load_state_dict(state, {.skip_mismatched = true});
  print("moved:", state.size() - report.skipped.size(), "of", state.size(), "entries");
  for (const std::string& skipped : report.skipped) print("  skipped", skipped);
}

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  StateDict state = pretrained_state();

  ResNet18 model({.channels = 1, .width = 4, .classes = 5});
  model.to(lesson.device);
  move_weights(model, state);

  // The stem made to fit.
  state.set("conv1.weight", sum(state.at("conv1.weight"), {1}, /*keepdim=*/true));
  move_weights(model, state);

  ResNet18 original = pretrained(lesson.device);
  const Tensor grey = rand({1, 1, 32, 32}).to(lesson.device);
  const Tensor features = model.conv1(grey), expected = original.conv1(cat({grey, grey, grey}, 1));
  print("what the stem sees:", amax(abs(features - expected)).item() < 1e-5 ? "the same" : "something else");
}
