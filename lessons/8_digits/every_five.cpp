// A checkpoint every few epochs: the last of them is what an interrupted training goes on from.
#include "digits.h"

void train_epochs(const Lesson& lesson, Digits& digits, MNISTNet& model, optim::Optimizer& optimizer, int epochs,
                  int checkpoint_interval = 5) {
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    const double loss = train_epoch(model, optimizer, digits.train_loader, epoch);
    if (epoch % checkpoint_interval != 0) continue;
    io::save(lesson.file(text("checkpoint_epoch_", epoch, ".cairn")), {{"epoch", epoch},
                                                                       {"model_state_dict", model.state_dict()},
                                                                       {"optimizer_state_dict", optimizer.state_dict()},
                                                                       {"loss", loss}});
    print("Checkpoint saved at epoch", epoch);
  }
}

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  manual_seed(0);
  Digits digits(lesson, 64);  // one batch

  MNISTNet model;
  model.to(lesson.device);
  optim::SGD optimizer(model.parameters(), {.lr = 0.01, .momentum = 0.5});
  train_epochs(lesson, digits, model, optimizer, 6);

  const Value checkpoint = io::load(lesson.file("checkpoint_epoch_5.cairn"));
  print("checkpoint_epoch_5.cairn is of epoch", checkpoint["epoch"]);
}
