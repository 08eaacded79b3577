// Exercise 2: a checkpoint every five epochs, and a function that loads the best.
//
// `train::Checkpoint` keeps the files: it is told after every epoch how well the model does on digits it was not
// trained on, saves every fifth time, and beside that whatever is better than all before.
#include <filesystem>

#include "lesson.h"

using namespace cairn;

double accuracy(nn::Module& model, const train::TensorDataset& digits, Device device) {
  const NoGrad no_grad;
  model.eval();
  const Tensor right = argmax(model(digits.inputs().to(device)), 1) == digits.targets().to(device);
  return mean(right.to(DType::float64)).item();
}

void train_model(nn::Module& model, const train::Split& digits, Device device, const std::string& folder) {
  optim::SGD optimizer(model.parameters(), {.lr = 0.05, .momentum = 0.9});
  train::DataLoader loader(digits.train, {.batch_size = 20, .shuffle = true, .device = device});

  train::Checkpoint checkpoint({.folder = folder, .every = 5, .best = {"accuracy", train::Best::max}});
  checkpoint.add("model", model);
  checkpoint.add("optimizer", optimizer);
  checkpoint.add("loader", loader);
  for (int epoch = 1; epoch <= 10; ++epoch) {
    model.train();
    while (auto batch = loader.next()) {
      optimizer.zero_grad();
      cross_entropy(model(batch->inputs), batch->targets).backward();
      optimizer.step();
    }
    const double validation = accuracy(model, digits.test, device);
    print("epoch", epoch, "accuracy", validation);
    checkpoint.values()["epoch"] = epoch;
    for (const std::string& path : checkpoint.step({{"accuracy", validation}}))
      print("  saved", std::filesystem::path(path).filename().string());
  }
}

/// Fills the model with the best numbers there are, and says of which epoch they are.
std::int64_t load_best(nn::Module& model, const std::string& folder) {
  train::Checkpoint checkpoint({.folder = folder});
  checkpoint.add("model", model);
  checkpoint.load_best();
  return checkpoint.values().at("epoch").as_int();
}

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  manual_seed(5);
  const train::Split digits = train::split(train::drawn_digits(700, {.seed = 1}), 200);

  train::MLP model;
  model.to(lesson.device);
  train_model(model, digits, lesson.device, lesson.file("run"));

  train::MLP best;
  best.to(lesson.device);
  print("the best is of epoch", load_best(best, lesson.file("run")));
  print("its accuracy:", accuracy(best, digits.test, lesson.device));
}
