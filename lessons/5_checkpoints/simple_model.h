// The model of these lessons, and a step of its training.
#pragma once

#include "lesson.h"

struct SimpleModel : cairn::nn::Module {
  cairn::nn::Child<cairn::nn::Linear> fc1{this, "fc1", 10, 20};
  cairn::nn::Child<cairn::nn::Linear> fc2{this, "fc2", 20, 2};

  cairn::Tensor forward(const cairn::Tensor& x) override { return fc2(relu(fc1(x))); }
};

/// One step towards zero outputs, on the device where the model is; the loss before it.
inline double train_step(cairn::nn::Module& model, cairn::optim::Optimizer& optimizer) {
  const cairn::Device device = model.parameters()[0].device();
  optimizer.zero_grad();
  const cairn::Tensor y = model(cairn::ones({4, 10}, {.device = device}));
  const cairn::Tensor loss = cairn::mse_loss(y, zeros_like(y));
  loss.backward();
  optimizer.step();
  return loss.item();
}
