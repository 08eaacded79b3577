// Exercise 1: the state dicts of a convolutional and of a fully connected network, side by side.
//
// A convolution's weight has four dimensions: channels out, channels in, and the rows and columns of its window. They
// say nothing of the image's size. A linear layer has a weight for every number that comes in, so it fits one size.
#include "lesson.h"

using namespace cairn;

struct CNN : nn::Module {
  nn::Child<nn::Conv2d> conv1{this, "conv1", 1, 8, 3};
  nn::Child<nn::BatchNorm2d> norm1{this, "norm1", 8};
  nn::Child<nn::Conv2d> conv2{this, "conv2", 8, 16, 3};
  nn::Child<nn::AdaptiveAvgPool2d> pool{this, "pool", 1};  // one mean for each channel, whatever the image's size
  nn::Child<nn::Linear> fc{this, "fc", 16, 10};

  Tensor forward(const Tensor& x) override { return fc(pool(relu(conv2(relu(norm1(conv1(x)))))).flatten(1)); }
};

struct MLP : nn::Module {
  nn::Child<nn::Linear> fc1{this, "fc1", 28 * 28, 32};
  nn::Child<nn::Linear> fc2{this, "fc2", 32, 10};

  Tensor forward(const Tensor& x) override { return fc2(relu(fc1(x.flatten(1)))); }
};

void examine(nn::Module& model, Device device) {
  model.to(device);
  print(model.name());
  for (const auto& [key, value] : model.state_dict()) print(" ", key, "\t", value.as_tensor().shape());
  std::int64_t count = 0;
  for (const Tensor& parameter : model.parameters()) count += parameter.numel();
  print("  parameters:", count);
  for (const std::int64_t size : {28, 56}) {
    try {
      print(" ", size, "x", size, "pixels:", model(zeros({1, 1, size, size}, {.device = device})).shape());
    } catch (const ShapeError& error) {
      print(" ", size, "x", size, "pixels:", error.message());
    }
  }
}

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  CNN cnn;
  MLP mlp;
  examine(cnn, lesson.device);
  examine(mlp, lesson.device);
}
