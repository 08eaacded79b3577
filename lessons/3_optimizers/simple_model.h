// The model of these lessons: 10 numbers in, 2 out.
#pragma once

#include "lesson.h"

struct SimpleModel : cairn::nn::Module {
  cairn::nn::Child<cairn::nn::Linear> fc1{this, "fc1", 10, 20};
  cairn::nn::Child<cairn::nn::Linear> fc2{this, "fc2", 20, 2};

  cairn::Tensor forward(const cairn::Tensor& x) override { return fc2(relu(fc1(x))); }
};
