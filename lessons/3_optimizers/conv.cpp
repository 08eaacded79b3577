// A network for images, and its optimizer: what the two state dicts say before the first step.
//
// A convolution has one weight for each channel that goes out, channel that comes in, row and column of its window.
// Layers that are not trained, such as pooling, are in neither dict.
#include "lesson.h"

using namespace cairn;

struct TheModelClass : nn::Module {
  nn::Child<nn::Conv2d> conv1{this, "conv1", 3, 6, 5};
  nn::Child<nn::MaxPool2d> pool{this, "pool", 2};
  nn::Child<nn::Conv2d> conv2{this, "conv2", 6, 16, 5};
  nn::Child<nn::Linear> fc1{this, "fc1", 16 * 5 * 5, 120};
  nn::Child<nn::Linear> fc2{this, "fc2", 120, 84};
  nn::Child<nn::Linear> fc3{this, "fc3", 84, 10};

  /// x: images [n, 3, 32, 32]; the result: [n, 10].
  Tensor forward(const Tensor& x) override {
    const Tensor features = pool(relu(conv2(pool(relu(conv1(x))))));
    return fc3(relu(fc2(relu(fc1(features.view({-1, 16 * 5 * 5}))))));
  }
};

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  TheModelClass model;
  model.to(lesson.device);
  optim::SGD optimizer(model.parameters(), {.lr = 0.001, .momentum = 0.9});

  print("Model's state_dict:");
  for (const auto& [name, value] : model.state_dict()) print(name, "\t", value.as_tensor().shape());

  print("Optimizer's state_dict:");
  for (const auto& [name, value] : optimizer.state_dict().as_dict()) print(name.text(), "\t", value);

  print("ten scores for each of two images:", model(zeros({2, 3, 32, 32}, {.device = lesson.device})).shape());
}
