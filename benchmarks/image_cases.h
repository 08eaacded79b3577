// The convolutional network whose training is timed, cnn-28x28-b64: three blocks of
//
//   Conv2d 3x3 ─► BatchNorm2d ─► ReLU ─► MaxPool2d 2      1 → 32 → 64 → 128 channels, 28 → 14 → 7 → 3 places a side
//
// and a linear layer from the 1,152 numbers that are left to ten classes.
#pragma once

#include <cairn/cairn.h>

#include <array>

#include "mlp.h"

namespace benchmarks {

inline const std::string cnn_name = "cnn-28x28-b64";
inline constexpr std::int64_t cnn_batch = 64, cnn_side = 28, cnn_classes = 10;
inline constexpr std::array<std::int64_t, 4> cnn_channels = {1, 32, 64, 128};

struct CnnBlock : cairn::nn::Module {
  CnnBlock(std::int64_t in, std::int64_t out)
      : conv{this, "conv", in, out, 3, cairn::nn::Conv2dOptions{.padding = 1}}, norm{this, "norm", out} {}

  cairn::Tensor forward(const cairn::Tensor& x) override { return max_pool2d(relu(norm(conv(x))), 2); }

  cairn::nn::Child<cairn::nn::Conv2d> conv;
  cairn::nn::Child<cairn::nn::BatchNorm2d> norm;
};

struct Cnn : cairn::nn::Module {
  Cnn()
      : block1{this, "block1", cnn_channels[0], cnn_channels[1]},
        block2{this, "block2", cnn_channels[1], cnn_channels[2]},
        block3{this, "block3", cnn_channels[2], cnn_channels[3]},
        fc{this, "fc", cnn_channels[3] * 9, cnn_classes} {}

  cairn::Tensor forward(const cairn::Tensor& x) override { return fc(block3(block2(block1(x))).flatten(1, -1)); }

  cairn::nn::Child<CnnBlock> block1, block2, block3;
  cairn::nn::Child<cairn::nn::Linear> fc;
};

inline MlpData cnn_data(cairn::Device device = {}) {
  const cairn::Tensor target = cairn::zeros({cnn_batch}, {.dtype = cairn::DType::int64});
  for (std::int64_t i = 0; i < cnn_batch; ++i) target.data<std::int64_t>()[i] = i * 7 % cnn_classes;
  return {(cairn::rand({cnn_batch, 1, cnn_side, cnn_side}) * 2 - 1).to(device), target.to(device)};
}

inline std::function<cairn::Tensor()> cnn_work(const std::string& what, const Cnn& start, const MlpData& data,
                                               double lr) {
  return work_on(std::make_shared<Cnn>(), start, what, data, lr);
}

/// As product_flops of mlp.h.
inline double cnn_product_flops() {
  std::int64_t side = cnn_side, multiply_adds = 0;
  for (std::size_t i = 1; i < cnn_channels.size(); ++i, side /= 2)
    multiply_adds += (i == 1 ? 2 : 3) * side * side * 9 * cnn_channels[i - 1] * cnn_channels[i];
  multiply_adds += 3 * side * side * cnn_channels.back() * cnn_classes;
  return 2.0 * static_cast<double>(cnn_batch * multiply_adds);
}

}  // namespace benchmarks
