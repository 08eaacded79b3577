#include <cairn/nn/init.h>

#include <algorithm>
#include <cmath>

namespace cairn::nn::init {
namespace {

double xavier_std(const Tensor& weight, double gain) {
  const auto [fan_in, fan_out] = fans(weight);
  return gain * std::sqrt(2.0 / static_cast<double>(fan_in + fan_out));
}

double kaiming_std(const Tensor& weight, double a, FanMode mode, Nonlinearity nonlinearity) {
  const auto [fan_in, fan_out] = fans(weight);
  return calculate_gain(nonlinearity, a) / std::sqrt(static_cast<double>(mode == FanMode::fan_in ? fan_in : fan_out));
}

const Tensor& uniform_of_std(const Tensor& tensor, double std, const OptionalGenerator& generator) {
  const double bound = std::sqrt(3.0) * std;
  return init::uniform_(tensor, -bound, bound, generator);
}

}  // namespace

double calculate_gain(Nonlinearity nonlinearity, double negative_slope) {
  switch (nonlinearity) {
    case Nonlinearity::tanh:
      return 5.0 / 3;
    case Nonlinearity::relu:
      return std::sqrt(2.0);
    case Nonlinearity::leaky_relu:
      return std::sqrt(2.0 / (1 + negative_slope * negative_slope));
    case Nonlinearity::selu:
      return 3.0 / 4;
    default:
      return 1;
  }
}

std::pair<std::int64_t, std::int64_t> fans(const Tensor& weight) {
  check<ShapeError>(weight.dim() >= 2,
                    "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions");
  std::int64_t kernel = 1;
  for (int i = 2; i < weight.dim(); ++i) kernel *= weight.size(i);
  return {weight.size(1) * kernel, weight.size(0) * kernel};
}

const Tensor& uniform_(const Tensor& tensor, double from, double to, const OptionalGenerator& generator) {
  if (!tensor.device().is_meta()) cairn::uniform_(tensor.detach(), from, to, generator);
  return tensor;
}

const Tensor& normal_(const Tensor& tensor, double mean, double std, const OptionalGenerator& generator) {
  if (!tensor.device().is_meta()) cairn::normal_(tensor.detach(), mean, std, generator);
  return tensor;
}

const Tensor& constant_(const Tensor& tensor, double value) {
  if (!tensor.device().is_meta()) tensor.detach().fill_(value);
  return tensor;
}

const Tensor& zeros_(const Tensor& tensor) { return constant_(tensor, 0); }
const Tensor& ones_(const Tensor& tensor) { return constant_(tensor, 1); }

const Tensor& eye_(const Tensor& tensor) {
  check<ShapeError>(tensor.dim() == 2, "Only tensors with 2 dimensions are supported");
  if (tensor.device().is_meta()) return tensor;
  const Tensor target = tensor.detach();
  target.zero_();
  const std::int64_t length = std::min(target.size(0), target.size(1));
  target.as_strided({length}, {target.strides()[0] + target.strides()[1]}, target.storage_offset()).fill_(1);
  return tensor;
}

const Tensor& xavier_uniform_(const Tensor& weight, double gain, const OptionalGenerator& generator) {
  return uniform_of_std(weight, xavier_std(weight, gain), generator);
}

const Tensor& xavier_normal_(const Tensor& weight, double gain, const OptionalGenerator& generator) {
  return init::normal_(weight, 0, xavier_std(weight, gain), generator);
}

const Tensor& kaiming_uniform_(const Tensor& weight, double a, FanMode mode, Nonlinearity nonlinearity,
                               const OptionalGenerator& generator) {
  if (weight.numel() == 0) return weight;
  return uniform_of_std(weight, kaiming_std(weight, a, mode, nonlinearity), generator);
}

const Tensor& kaiming_normal_(const Tensor& weight, double a, FanMode mode, Nonlinearity nonlinearity,
                              const OptionalGenerator& generator) {
  if (weight.numel() == 0) return weight;
  return init::normal_(weight, 0, kaiming_std(weight, a, mode, nonlinearity), generator);
}

}  // namespace cairn::nn::init
