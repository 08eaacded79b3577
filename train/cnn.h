// A convolutional network for small images: what a picture shows does not depend on where in it.
//
//   x [n, channels, height, width]
//     ─ 3 x 3 ─ norm ─ relu ─ pool ─►  [n, width, height / 2, width / 2]          edges
//     ─ 3 x 3 ─ norm ─ relu ─ pool ─►  [n, 2 width, height / 4, ...]              corners, arcs
//     ─ 3 x 3 ─ norm ─ relu ─ pool ─►  [n, 4 width, height / 8, ...]              parts
//     ─ dropout ─ fc ───────────────►  [n, classes]
#pragma once

#include <cstdint>

#include <cairn/core/random.h>
#include <cairn/nn/batch_norm.h>
#include <cairn/nn/child.h>
#include <cairn/nn/conv2d.h>
#include <cairn/nn/dropout.h>
#include <cairn/nn/linear.h>
#include <cairn/nn/module.h>
#include <cairn/nn/pooling.h>

namespace cairn::train {

struct CNNOptions {
  std::int64_t channels = 1;
  std::int64_t height = 28, width = 28;  ///< Of the images; at least 8.
  std::int64_t filters = 32;             ///< Of the first layer; each further one has twice as many.
  std::int64_t classes = 10;
  double dropout = 0.25;
  OptionalGenerator generator = {};  ///< What weights and dropout are drawn from; left empty, the default generator.
};

struct CNN : nn::Module {
  /// Throws ValueError for images below 8 x 8.
  explicit CNN(const CNNOptions& options = {});

  nn::Child<nn::Conv2d> conv1;
  nn::Child<nn::BatchNorm2d> norm1;
  nn::Child<nn::Conv2d> conv2;
  nn::Child<nn::BatchNorm2d> norm2;
  nn::Child<nn::Conv2d> conv3;
  nn::Child<nn::BatchNorm2d> norm3;
  nn::Child<nn::MaxPool2d> pool;
  nn::Child<nn::Dropout> dropout;
  nn::Child<nn::Linear> fc;

  /// x: [n, channels, height, width]; the result: [n, classes].
  Tensor forward(const Tensor& x) override;
};

}  // namespace cairn::train
