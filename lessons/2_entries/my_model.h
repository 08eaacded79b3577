// The model of these lessons: parameters, which are trained, and buffers, which BatchNorm keeps.
#pragma once

#include "lesson.h"

struct MyModel : cairn::nn::Module {
  cairn::nn::Child<cairn::nn::Linear> linear{this, "linear", 10, 5};
  cairn::nn::Child<cairn::nn::BatchNorm1d> bn{this, "bn", 5};

  cairn::Tensor forward(const cairn::Tensor& x) override { return bn(linear(x)); }
};
