// A checkpoint to go on from: the model alone is not enough.
//
// Momentum is part of where training stands, and so is anything that is trained beside the model, such as a table of
// words. They go into one dict with the epoch and the loss; training on from it gives what it would have given without
// a break.
#include "simple_model.h"

using namespace cairn;

struct Training {
  SimpleModel model;
  nn::Embedding words{3, 10};  // no part of the model
  optim::SGD optimizer;

  Training(Device device, const optim::SGDOptions& options) : optimizer(parameters(device), options) {}

  std::vector<Tensor> parameters(Device device) {
    std::vector<Tensor> all = model.to(device).parameters();
    for (const Tensor& parameter : words.to(device).parameters()) all.push_back(parameter);
    return all;
  }

  double step() {
    optimizer.zero_grad();
    const Tensor y = model(words(arange(3).to(words.weight.device())));
    const Tensor loss = mse_loss(y, zeros_like(y));
    loss.backward();
    optimizer.step();
    return loss.item();
  }
};

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);

  Training unbroken(lesson.device, {.lr = 0.01, .momentum = 0.9});
  double loss = 0;
  for (int epoch = 1; epoch <= 3; ++epoch) loss = unbroken.step();
  io::save(lesson.file("checkpoint.cairn"), {{"epoch", 3},
                                             {"model_state_dict", unbroken.model.state_dict()},
                                             {"words_state_dict", unbroken.words.state_dict()},
                                             {"optimizer_state_dict", unbroken.optimizer.state_dict()},
                                             {"loss", loss}});

  // All new, and the optimizer made without momentum: the saved options replace its own.
  Training resumed(lesson.device, {.lr = 0.01});
  print("momentum before:", resumed.optimizer.option(0, "momentum"));

  const Value checkpoint = io::load(lesson.file("checkpoint.cairn"));
  print(resumed.model.load_state_dict(checkpoint["model_state_dict"]));
  print(resumed.words.load_state_dict(checkpoint["words_state_dict"]));
  resumed.optimizer.load_state_dict(checkpoint["optimizer_state_dict"]);
  print("momentum after: ", resumed.optimizer.option(0, "momentum"));
  print("epoch:", checkpoint["epoch"]);
  print("the loss of that epoch:", checkpoint["loss"].as_float() == loss ? "as it was" : "another");

  resumed.model.train();  // to go on training; eval() to use it, as lesson 4 shows
  print("the next loss:", unbroken.step() == resumed.step() ? "the same, bit for bit" : "another");
}
