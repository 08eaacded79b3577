// A checkpoint to go on from: the model alone is not enough.
//
// Momentum is part of where training stands, and so is anything that is trained beside the model. They go into one dict
// with the epoch and the loss. Training on from it then gives what it would have given without a break.
#include "simple_model.h"

using namespace cairn;

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);

  SimpleModel model;
  model.to(lesson.device);
  optim::SGD optimizer(model.parameters(), {.lr = 0.01, .momentum = 0.9});
  double loss = 0;
  for (int epoch = 1; epoch <= 3; ++epoch) loss = train_step(model, optimizer);

  io::save(lesson.file("checkpoint.cairn"), {{"epoch", 3},
                                             {"model_state_dict", model.state_dict()},
                                             {"optimizer_state_dict", optimizer.state_dict()},
                                             {"loss", loss}});

  // A new model; and a new optimizer, made without momentum: the saved options replace its own.
  SimpleModel resumed;
  resumed.to(lesson.device);
  optim::SGD resumed_optimizer(resumed.parameters(), {.lr = 0.01});
  print("momentum before:", resumed_optimizer.option(0, "momentum"));

  const Value checkpoint = io::load(lesson.file("checkpoint.cairn"));
  print(resumed.load_state_dict(checkpoint["model_state_dict"]));
  resumed_optimizer.load_state_dict(checkpoint["optimizer_state_dict"]);
  print("momentum after: ", resumed_optimizer.option(0, "momentum"));
  print("epoch:", checkpoint["epoch"]);
  print("the loss of that epoch:", checkpoint["loss"].as_float() == loss ? "as it was" : "another");

  resumed.train();  // to go on training; eval() to use it, as lesson 4 shows
  const double unbroken_loss = train_step(model, optimizer), resumed_loss = train_step(resumed, resumed_optimizer);
  print("the next loss:", unbroken_loss == resumed_loss ? "the same, bit for bit" : "another");
}
