#include <cairn/nn/init.h>

#include <cmath>

#include <cairn/core/autograd.h>

namespace cairn::nn::init {

std::pair<std::int64_t, std::int64_t> fans(const Tensor& weight) {
  check<ShapeError>(weight.dim() >= 2,
                    "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions");
  std::int64_t kernel = 1;
  for (int i = 2; i < weight.dim(); ++i) kernel *= weight.size(i);
  return {weight.size(1) * kernel, weight.size(0) * kernel};
}

const Tensor& uniform_(const Tensor& tensor, double from, double to, const OptionalGenerator& generator) {
  if (tensor.device().is_meta()) return tensor;
  const NoGrad no_grad;
  cairn::uniform_(tensor.detach(), from, to, generator);
  return tensor;
}

const Tensor& constant_(const Tensor& tensor, double value) {
  if (tensor.device().is_meta()) return tensor;
  const NoGrad no_grad;
  tensor.detach().fill_(value);
  return tensor;
}

const Tensor& zeros_(const Tensor& tensor) { return constant_(tensor, 0); }
const Tensor& ones_(const Tensor& tensor) { return constant_(tensor, 1); }

const Tensor& kaiming_uniform_(const Tensor& weight, double a, FanMode mode, const OptionalGenerator& generator) {
  if (weight.numel() == 0) return weight;
  const auto [fan_in, fan_out] = fans(weight);
  const double gain = std::sqrt(2.0 / (1 + a * a));
  const double deviation = gain / std::sqrt(static_cast<double>(mode == FanMode::fan_in ? fan_in : fan_out));
  const double bound = std::sqrt(3.0) * deviation;
  return init::uniform_(weight, -bound, bound, generator);
}

}  // namespace cairn::nn::init
