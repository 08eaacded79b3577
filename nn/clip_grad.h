// Gradients kept from growing too large, between backward() and an optimizer's step.
//
// By norm all gradients shrink together, and keep their direction (Pascanu et al., "On the difficulty of training
// recurrent neural networks", 2013); by value each number is cut for itself.
#pragma once

#include <span>

#include <cairn/core/tensor.h>

namespace cairn::nn {

struct ClipGradNormOptions {
  double norm_type = 2;             ///< As `norm`'s p; infinity is the largest magnitude.
  bool error_if_nonfinite = false;  ///< Throw ValueError, changing nothing, where the norm is infinite or NaN.
};

/// Multiplies the gradients of the parameters by max_norm / (total + 1e-6) if that is below 1, and returns `total`, the
/// norm of all of them as one vector before that: a scalar, on the first gradient's device. Parameters without a
/// gradient are passed over.
Tensor clip_grad_norm_(std::span<const Tensor> parameters, double max_norm, const ClipGradNormOptions& options = {});

/// Brings every number of the gradients into [-clip_value, clip_value].
void clip_grad_value_(std::span<const Tensor> parameters, double clip_value);

}  // namespace cairn::nn
