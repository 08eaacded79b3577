// ResNet18: eighteen layers that learn what to add to what goes past them (He, Zhang, Ren and Sun, "Deep residual
// learning for image recognition", 2016, table 1).
//
//   x ─┬─ conv 3 x 3 ─ bn ─ relu ─ conv 3 x 3 ─ bn ─┬─ + ─ relu ─►        a block; where it halves the image, x goes
//      └──────────── x, or downsample(x) ───────────┘                     through a 1 x 1 convolution of its own
//
//   conv1 7 x 7 / 2 ─ maxpool / 2 ─ layer1 ─ layer2 / 2 ─ layer3 / 2 ─ layer4 / 2 ─ average ─ fc
//                                   width    2 width      4 width      8 width
//
// Names and shapes are torchvision's: its 122 keys at width 64. Initialised as torchvision does it.
#pragma once

#include <cstdint>
#include <optional>

#include <cairn/core/random.h>
#include <cairn/nn/batch_norm.h>
#include <cairn/nn/child.h>
#include <cairn/nn/conv2d.h>
#include <cairn/nn/linear.h>
#include <cairn/nn/module.h>
#include <cairn/nn/pooling.h>
#include <cairn/nn/relu.h>
#include <cairn/nn/sequential.h>

namespace cairn::train {

struct ResNet18Options {
  std::int64_t channels = 3;
  std::int64_t width = 64;  ///< Channels of the first layer; 64 is torchvision's.
  std::int64_t classes = 1000;
  OptionalGenerator generator = {};  ///< What the weights are drawn from; left empty, the default generator.
};

struct ResNet18 : nn::Module {
  struct Block : nn::Module {
    Block(std::int64_t in, std::int64_t out, std::int64_t stride, const OptionalGenerator& generator);

    nn::Child<nn::Conv2d> conv1;
    nn::Child<nn::BatchNorm2d> bn1;
    nn::Child<nn::ReLU> relu;
    nn::Child<nn::Conv2d> conv2;
    nn::Child<nn::BatchNorm2d> bn2;
    std::optional<nn::Child<nn::Sequential>> downsample;  ///< Where the block changes the shape.

    Tensor forward(const Tensor& x) override;
  };

  explicit ResNet18(const ResNet18Options& options = {});

  nn::Child<nn::Conv2d> conv1;
  nn::Child<nn::BatchNorm2d> bn1;
  nn::Child<nn::ReLU> relu;
  nn::Child<nn::MaxPool2d> maxpool;
  nn::Child<nn::Sequential> layer1, layer2, layer3, layer4;
  nn::Child<nn::AdaptiveAvgPool2d> avgpool;
  nn::Child<nn::Linear> fc;

  /// x: [n, channels, height, width] of any size; the result: [n, classes].
  Tensor forward(const Tensor& x) override;
};

}  // namespace cairn::train
