// The arithmetic of batch normalisation, number by number; the backends' kernels walk the tensors.
//
//   forward    x̂ = (x - mean) / √(variance + eps)      y = x̂ weight + bias            one mean and variance a channel
//   backward   dL/dx = weight / √(variance + eps) (g - mean(g) - x̂ mean(g x̂))         mean() over the channel
//              dL/dweight = Σ g x̂        dL/dbias = Σ g
//
// (Ioffe and Szegedy, "Batch normalization", 2015, section 3.) Where the statistics were given instead of computed,
// they do not depend on x, and both means in dL/dx fall away. T is float or double.
#pragma once

#include <cmath>
#include <cstdint>

#include <cairn/core/host_device.h>

namespace cairn::batch_norm_formulas {

template <class T>
CAIRN_HOST_DEVICE T mean(T sum, std::int64_t count) {
  return sum / static_cast<T>(count);
}

template <class T>
CAIRN_HOST_DEVICE T squared_deviation(const T& x, const T& mean) {
  const T centred = x - mean;
  return centred * centred;
}

template <class T>
CAIRN_HOST_DEVICE T inverse_deviation(T variance, double eps) {
  return T(1) / std::sqrt(variance + static_cast<T>(eps));
}

/// A running statistic after a batch whose own is `now`.
template <class T>
CAIRN_HOST_DEVICE T running(T before, T now, double momentum) {
  return static_cast<T>(1 - momentum) * before + static_cast<T>(momentum) * now;
}

/// What the running variance takes of a batch: the population's, divided by n - 1.
template <class T>
CAIRN_HOST_DEVICE T population_variance(T sum_of_squares, std::int64_t count) {
  return sum_of_squares / static_cast<T>(count - 1);
}

/// y; `scale` is inverse_deviation * weight, `shift` the bias.
template <class T>
CAIRN_HOST_DEVICE T output(const T& x, const T& mean, const T& scale, const T& shift) {
  return (x - mean) * scale + shift;
}

/// x̂
template <class T>
CAIRN_HOST_DEVICE T normalised(const T& x, const T& mean, const T& inverse_deviation) {
  return (x - mean) * inverse_deviation;
}

/// dL/dx; `mean_g` and `mean_gx` are the channel's means of g and of g x̂, or 0.
template <class T>
CAIRN_HOST_DEVICE T gradient(const T& g, const T& normalised, const T& scale, const T& mean_g, const T& mean_gx) {
  return scale * (g - mean_g - normalised * mean_gx);
}

}  // namespace cairn::batch_norm_formulas
