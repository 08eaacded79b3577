// Small models that the tests of nn share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <cairn/core/ops.h>
#include <cairn/nn.h>

#include "devices.h"

namespace models {

struct MyModel : cairn::nn::Module {
  cairn::nn::Child<cairn::nn::Linear> fc1{this, "fc1", 3, 5};
  cairn::nn::Child<cairn::nn::Linear> fc2{this, "fc2", 5, 2};
  cairn::Tensor forward(const cairn::Tensor& x) override { return fc2(cairn::relu(fc1(x))); }
};

/// Two names for one weight, a buffer that is a view of a parameter's numbers, an optional child.
struct Tied : cairn::nn::Module {
  cairn::nn::Child<cairn::nn::Linear> encoder{this, "encoder", 4, 4};
  cairn::nn::Child<cairn::nn::Linear> decoder{this, "decoder", 4, 4};
  cairn::nn::Buffer row{this, "row", encoder->weight.detach().select(0, 1)};
  std::optional<cairn::nn::Child<cairn::nn::Sequential>> downsample;
  Tied() { decoder->weight = encoder->weight; }
  cairn::Tensor forward(const cairn::Tensor& x) override { return decoder(encoder(x)); }
};

inline std::vector<std::string> names(const std::vector<std::pair<std::string, cairn::Tensor>>& named) {
  std::vector<std::string> found;
  for (const auto& [name, tensor] : named) found.push_back(name);
  return found;
}

inline std::vector<float> values(const cairn::Tensor& tensor) { return numbers<float>(tensor); }

}  // namespace models
