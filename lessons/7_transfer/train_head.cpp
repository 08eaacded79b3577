// Training the head alone: what changes, and what changes that nobody asked to.
//
// The optimizer is given the head's parameters, so it moves no others. But BatchNorm's running statistics are moved by
// forward, not by an optimizer: in training mode they follow the new images, frozen or not. `eval()` keeps them.
#include "pretrained.h"

using namespace cairn;

/// Three steps of the head, with images and classes that are drawn.
void train_head(ResNet18& model, Device device) {
  optim::SGD optimizer(model.fc->parameters(), {.lr = 0.001, .momentum = 0.9});
  for (int step = 0; step < 3; ++step) {
    optimizer.zero_grad();
    cross_entropy(model(rand({4, 3, 32, 32}).to(device)), arange(4).to(device)).backward();
    optimizer.step();
  }
}

void print_moved(const StateDict& before, const StateDict& after) {
  std::int64_t statistics = 0;
  for (const auto& [key, value] : after) {
    if (all(value.as_tensor() == before.at(key)).item()) continue;
    if (key.find("running_") != key.npos || key.ends_with("num_batches_tracked"))
      ++statistics;
    else
      print(" ", key);
  }
  print(" ", statistics, "running statistics");
}

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  manual_seed(0);

  for (const bool training : {true, false}) {
    ResNet18 model = pretrained(lesson.device);
    model.requires_grad_(false);
    model.fc = nn::make<nn::Linear>(model.fc->in_features, 10, nn::LinearOptions{.device = lesson.device});
    model.train(training);

    const StateDict before = model.state_dict().snapshot();
    train_head(model, lesson.device);
    print("moved in", training ? "train():" : "eval():");
    print_moved(before, model.state_dict());
  }
}
