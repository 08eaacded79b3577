// The model of the lessons on keys and devices: 3 numbers in, 1 out.
#pragma once

#include "lesson.h"

struct MyModel : cairn::nn::Module {
  cairn::nn::Child<cairn::nn::Linear> fc1{this, "fc1", 3, 2};
  cairn::nn::Child<cairn::nn::Linear> fc2{this, "fc2", 2, 1};
  cairn::nn::Child<cairn::nn::ReLU> relu{this, "relu"};
  cairn::nn::Child<cairn::nn::Sigmoid> sigmoid{this, "sigmoid"};

  cairn::Tensor forward(const cairn::Tensor& x) override { return sigmoid(fc2(relu(fc1(x)))); }
};
