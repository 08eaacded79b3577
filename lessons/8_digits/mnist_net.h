// The network of these lessons: images of 28 x 28 pixels in, a score for each of the ten digits out.
#pragma once

#include "lesson.h"

struct MNISTNet : cairn::nn::Module {
  cairn::nn::Child<cairn::nn::Conv2d> conv1{this, "conv1", 1, 10, 5};
  cairn::nn::Child<cairn::nn::Conv2d> conv2{this, "conv2", 10, 20, 5};
  cairn::nn::Child<cairn::nn::Linear> fc1{this, "fc1", 320, 50};
  cairn::nn::Child<cairn::nn::Linear> fc2{this, "fc2", 50, 10};

  cairn::Tensor forward(const cairn::Tensor& x) override {
    const cairn::Tensor h = relu(max_pool2d(conv1(x), 2));         // [n, 10, 12, 12]
    const cairn::Tensor features = relu(max_pool2d(conv2(h), 2));  // [n, 20, 4, 4]
    return fc2(relu(fc1(features.view({-1, 320}))));
  }
};
