// How parameters begin: PyTorch's initialisers, number by number.
//
// All write in place, outside the graph, and do nothing to a meta tensor. Random ones draw from the generator given, or
// from the process's default one; bounds are computed in double, as PyTorch computes them.
#pragma once

#include <cstdint>
#include <utility>

#include <cairn/core/random.h>
#include <cairn/core/tensor.h>

namespace cairn::nn::init {

enum class FanMode : std::uint8_t { fan_in, fan_out };

/// What feeds one output, and what one input feeds: of a weight [out, in, kernel...], in and out times the kernel's
/// size. Throws ShapeError below two dimensions.
std::pair<std::int64_t, std::int64_t> fans(const Tensor& weight);

const Tensor& uniform_(const Tensor& tensor, double from = 0, double to = 1, const OptionalGenerator& generator = {});
const Tensor& constant_(const Tensor& tensor, double value);
const Tensor& zeros_(const Tensor& tensor);
const Tensor& ones_(const Tensor& tensor);

/// Uniform in ±gain √(3 / fan), gain = √(2 / (1 + a²)): keeps the variance through layers followed by a leaky ReLU of
/// slope `a` (He et al., "Delving deep into rectifiers", 2015).
const Tensor& kaiming_uniform_(const Tensor& weight, double a = 0, FanMode mode = FanMode::fan_in,
                               const OptionalGenerator& generator = {});

}  // namespace cairn::nn::init
