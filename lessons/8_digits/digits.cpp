// Digits, from the first batch to the model that was best: train, test, save, load.
//
// A checkpoint is saved after every epoch, and once more under another name when it is the best so far.
#include "digits.h"

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  manual_seed(0);
  Digits digits(lesson);

  MNISTNet model;
  model.to(lesson.device);
  optim::SGD optimizer(model.parameters(), {.lr = 0.01, .momentum = 0.5});
  print(keys_text(model.state_dict()));

  double best_accuracy = 0;
  for (int epoch = 1; epoch <= 2; ++epoch) {
    train_epoch(model, optimizer, digits.train_loader, epoch);
    const double accuracy = test(model, digits.test_loader);
    const Value checkpoint = {{"epoch", epoch},
                              {"model_state_dict", model.state_dict()},
                              {"optimizer_state_dict", optimizer.state_dict()},
                              {"accuracy", accuracy}};
    if (accuracy > best_accuracy) {
      best_accuracy = accuracy;
      io::save(lesson.file("best_mnist_model.cairn"), checkpoint);
      print("Saved best model with accuracy:", fixed(accuracy, 2) + "%");
    }
    io::save(lesson.file(text("mnist_checkpoint_epoch_", epoch, ".cairn")), checkpoint);
  }
  print("Training complete!");

  const Value best = io::load(lesson.file("best_mnist_model.cairn"));
  MNISTNet loaded;
  loaded.to(lesson.device);
  loaded.load_state_dict(best["model_state_dict"]);
  print("Loaded model from epoch", best["epoch"], "with accuracy:", fixed(best["accuracy"].as_float(), 2) + "%");
}
