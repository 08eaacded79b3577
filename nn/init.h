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

/// What follows the layer, by PyTorch's names.
enum class Nonlinearity : std::uint8_t {
  linear,
  conv1d,
  conv2d,
  conv3d,
  conv_transpose1d,
  conv_transpose2d,
  conv_transpose3d,
  sigmoid,
  tanh,
  relu,
  leaky_relu,
  selu,
};

/// By how much weights must be larger so that the nonlinearity does not shrink the variance from layer to layer.
/// `negative_slope` counts for leaky_relu only.
double calculate_gain(Nonlinearity nonlinearity, double negative_slope = 0.01);

enum class FanMode : std::uint8_t { fan_in, fan_out };

/// What feeds one output, and what one input feeds: of a weight [out, in, kernel...], in and out times the kernel's
/// size. Throws ShapeError below two dimensions.
std::pair<std::int64_t, std::int64_t> fans(const Tensor& weight);

const Tensor& uniform_(const Tensor& tensor, double from = 0, double to = 1, const OptionalGenerator& generator = {});
const Tensor& normal_(const Tensor& tensor, double mean = 0, double std = 1, const OptionalGenerator& generator = {});
const Tensor& constant_(const Tensor& tensor, double value);
const Tensor& zeros_(const Tensor& tensor);
const Tensor& ones_(const Tensor& tensor);

/// The identity, as far as a matrix that is not square has it. Throws ShapeError unless there are two dimensions.
const Tensor& eye_(const Tensor& tensor);

/// Normal, but only numbers of [a, b]: the others are drawn again. Of a range that holds less than about a third of all
/// normal numbers, evenly distributed ones are taken as often as their probability says.
const Tensor& trunc_normal_(const Tensor& tensor, double mean = 0, double std = 1, double a = -2, double b = 2,
                            const OptionalGenerator& generator = {});

// Of the variance 2 gain² / (fan_in + fan_out): a compromise between what goes forward and what comes back (Glorot and
// Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010).
const Tensor& xavier_uniform_(const Tensor& weight, double gain = 1, const OptionalGenerator& generator = {});
const Tensor& xavier_normal_(const Tensor& weight, double gain = 1, const OptionalGenerator& generator = {});

// Of the variance gain² / fan, which layers keep that are followed by the nonlinearity; `a` is the slope of a leaky
// ReLU (He et al., "Delving deep into rectifiers", 2015). Nothing is done to a tensor without elements.
const Tensor& kaiming_uniform_(const Tensor& weight, double a = 0, FanMode mode = FanMode::fan_in,
                               Nonlinearity nonlinearity = Nonlinearity::leaky_relu,
                               const OptionalGenerator& generator = {});
const Tensor& kaiming_normal_(const Tensor& weight, double a = 0, FanMode mode = FanMode::fan_in,
                              Nonlinearity nonlinearity = Nonlinearity::leaky_relu,
                              const OptionalGenerator& generator = {});

}  // namespace cairn::nn::init
