// Several models in one file: a dict has room for all of them, each under a name.
#include "simple_model.h"

using namespace cairn;

struct ModelB : nn::Module {
  nn::Child<nn::Linear> layer{this, "layer", 10, 2};
  Tensor forward(const Tensor& x) override { return sigmoid(layer(x)); }
};

/// Two models that are trained together, each by an optimizer of its own.
struct Pair {
  SimpleModel modelA;
  ModelB modelB;
  optim::SGD optimizerA{modelA.parameters(), {.lr = 0.01, .momentum = 0.9}};
  optim::Adam optimizerB{modelB.parameters(), {.lr = 0.002}};

  explicit Pair(Device device) {
    modelA.to(device);
    modelB.to(device);
  }
};

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  Pair saved(lesson.device);
  train_step(saved.modelA, saved.optimizerA);
  train_step(saved.modelB, saved.optimizerB);
  io::save(lesson.file("checkpoint.cairn"), {{"modelA_state_dict", saved.modelA.state_dict()},
                                             {"modelB_state_dict", saved.modelB.state_dict()},
                                             {"optimizerA_state_dict", saved.optimizerA.state_dict()},
                                             {"optimizerB_state_dict", saved.optimizerB.state_dict()}});

  const Value checkpoint = io::load(lesson.file("checkpoint.cairn"));
  Pair loaded(lesson.device);
  print(loaded.modelA.load_state_dict(checkpoint["modelA_state_dict"]));
  print(loaded.modelB.load_state_dict(checkpoint["modelB_state_dict"]));
  loaded.optimizerA.load_state_dict(checkpoint["optimizerA_state_dict"]);
  loaded.optimizerB.load_state_dict(checkpoint["optimizerB_state_dict"]);

  for (Pair* pair : {&saved, &loaded}) {
    pair->modelA.eval();
    pair->modelB.eval();
  }
  const Tensor x = ones({1, 10}, {.device = lesson.device});
  const bool same = all(saved.modelA(x) == loaded.modelA(x)).item() && all(saved.modelB(x) == loaded.modelB(x)).item();
  print("what they compute:", same ? "the same" : "something else");
}
