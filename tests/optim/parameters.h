// Parameters, gradients and printed numbers that the tests of optim share.
#pragma once

#include <string>
#include <vector>

#include <cairn/core/tensor.h>
#include <cairn/optim.h>

#include "devices.h"

namespace parameters {

inline cairn::Tensor parameter(std::initializer_list<float> values, cairn::Device device = {}) {
  return cairn::tensor(values).to(device).requires_grad_();
}

/// Named "a" [2] and "b" [3].
inline std::vector<std::pair<std::string, cairn::Tensor>> named(cairn::Device device = {}) {
  return {{"a", parameter({1, 2}, device)}, {"b", parameter({3, 4, 5}, device)}};
}

inline std::vector<cairn::Tensor> unnamed(cairn::Device device = {}) {
  return {parameter({1, 2}, device), parameter({3, 4, 5}, device)};
}

inline void set_grads(const cairn::optim::Optimizer& optimizer, float value) {
  for (std::size_t group = 0; group < optimizer.group_count(); ++group) {
    for (const cairn::Tensor& each : optimizer.parameters(group))
      each.set_grad(cairn::full(each.shape(), value, {.device = each.device()}));
  }
}

inline std::vector<float> values(const cairn::Tensor& tensor) { return numbers<float>(tensor); }

}  // namespace parameters
