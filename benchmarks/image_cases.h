// The convolutional networks whose training is timed, and what they learn from.
//
//   cnn-28x28-b64         three blocks of Conv2d 3x3 ─► BatchNorm2d ─► ReLU ─► MaxPool2d 2, 1 → 32 → 64 → 128 channels
//   and
//                         28 → 14 → 7 → 3 places a side; then a linear layer from the 1,152 numbers left to ten classes
//   resnet18-64x64-b2     train::ResNet18, as wide as torchvision's
#pragma once

#include <cairn/cairn.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "mlp.h"

namespace benchmarks {

struct CnnBlock : cairn::nn::Module {
  CnnBlock(std::int64_t in, std::int64_t out)
      : conv{this, "conv", in, out, 3, cairn::nn::Conv2dOptions{.padding = 1}}, norm{this, "norm", out} {}

  cairn::Tensor forward(const cairn::Tensor& x) override { return max_pool2d(relu(norm(conv(x))), 2); }

  cairn::nn::Child<cairn::nn::Conv2d> conv;
  cairn::nn::Child<cairn::nn::BatchNorm2d> norm;
};

struct Cnn : cairn::nn::Module {
  cairn::Tensor forward(const cairn::Tensor& x) override { return fc(block3(block2(block1(x))).flatten(1)); }

  cairn::nn::Child<CnnBlock> block1{this, "block1", 1, 32}, block2{this, "block2", 32, 64},
      block3{this, "block3", 64, 128};
  cairn::nn::Child<cairn::nn::Linear> fc{this, "fc", 128 * 9, 10};
};

/// A network for images [batch, channels, side, side], which tells `classes` apart.
struct ImageCase {
  std::string name;
  std::int64_t batch, channels, side, classes;
  double sgd_lr, adam_lr;  // so that numbers move in ten steps, and rounding does not decide
  std::shared_ptr<cairn::nn::Module> (*make)();
};

inline const std::vector<ImageCase> image_cases = {
    {"cnn-28x28-b64", 64, 1, 28, 10, 1e-3, 1e-5,
     []() -> std::shared_ptr<cairn::nn::Module> { return cairn::nn::make<Cnn>(); }},
    {"resnet18-64x64-b2", 2, 3, 64, 1000, 1e-5, 1e-7,
     []() -> std::shared_ptr<cairn::nn::Module> { return cairn::nn::make<cairn::train::ResNet18>(); }},
};

inline MlpData image_data(const ImageCase& sizes, cairn::Device device = {}) {
  const cairn::Tensor target = cairn::zeros({sizes.batch}, {.dtype = cairn::DType::int64});
  for (std::int64_t i = 0; i < sizes.batch; ++i) target.data<std::int64_t>()[i] = i * 7 % sizes.classes;
  return {(cairn::rand({sizes.batch, sizes.channels, sizes.side, sizes.side}) * 2 - 1).to(device), target.to(device)};
}

inline std::function<cairn::Tensor()> image_work(const std::string& what, const ImageCase& sizes,
                                                 const cairn::nn::Module& start, const MlpData& data, double lr) {
  return work_on(sizes.make(), start, what, data, lr);
}

/// As product_flops of mlp.h; of a network that the images go through from layer to layer.
inline double product_flops(cairn::nn::Module& model, const MlpData& data) {
  double multiply_adds = 0;
  std::vector<cairn::nn::RemovableHandle> handles;
  for (cairn::nn::Module* module : model.modules()) {
    if (!dynamic_cast<cairn::nn::Conv2d*>(module) && !dynamic_cast<cairn::nn::Linear*>(module)) continue;
    handles.push_back(module->register_forward_hook(
        [&](cairn::nn::Module& layer, const std::vector<cairn::Tensor>&, const cairn::Tensor& y) {
          const cairn::Tensor weight = layer.parameters().front();
          const double products = static_cast<double>(y.numel() / weight.size(0) * weight.numel());
          multiply_adds += (multiply_adds == 0 ? 2 : 3) * products;  // nobody wants the gradient of the images
        }));
  }
  const cairn::NoGrad no_grad;
  model(data.x);
  for (cairn::nn::RemovableHandle& handle : handles) handle.remove();
  return 2 * multiply_adds;
}

}  // namespace benchmarks
