// One number changed by hand: read it, replace it in the dict, load the dict.
#include "lesson.h"

using namespace cairn;

struct SimpleModel : nn::Module {
  nn::Child<nn::Linear> fc1{this, "fc1", 10, 20};
  nn::Child<nn::Linear> fc2{this, "fc2", 20, 2};

  Tensor forward(const Tensor& x) override { return fc2(relu(fc1(x))); }
};

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);

  SimpleModel model;
  nn::init::zeros_(model.fc2->bias);  // a new bias is random, here as in PyTorch; whoever wants zeros says so

  StateDict state = model.state_dict();
  print("Original fc2.bias:", state.at("fc2.bias"));

  state.set("fc2.bias", tensor({1.0f, 2.0f}));
  model.load_state_dict(state);
  print("Modified fc2.bias:", model.state_dict().at("fc2.bias"));
}
