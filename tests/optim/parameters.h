// Parameters, gradients and printed numbers that the tests of optim share.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <cairn/core/tensor.h>
#include <cairn/optim.h>

namespace parameters {

inline cairn::Tensor parameter(std::initializer_list<float> values) { return cairn::tensor(values).requires_grad_(); }

/// Named "a" [2] and "b" [3].
inline std::vector<std::pair<std::string, cairn::Tensor>> named() {
  return {{"a", parameter({1, 2})}, {"b", parameter({3, 4, 5})}};
}

inline std::vector<cairn::Tensor> unnamed() { return {parameter({1, 2}), parameter({3, 4, 5})}; }

inline void set_grads(const cairn::optim::Optimizer& optimizer, float value) {
  for (std::size_t group = 0; group < optimizer.group_count(); ++group) {
    for (const cairn::Tensor& each : optimizer.parameters(group)) each.set_grad(cairn::full(each.shape(), value));
  }
}

inline std::vector<float> values(const cairn::Tensor& tensor) {
  const cairn::Tensor numbers = tensor.detach().contiguous();
  const auto data = numbers.data<float>();
  std::vector<float> found(data.size());
  std::copy(data.begin(), data.end(), found.begin());
  return found;
}

}  // namespace parameters
