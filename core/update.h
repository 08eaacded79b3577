// What optimizers do to parameters: one dispatched operation for all parameters of a group.
//
// The mathematics stands here, in core, because every backend runs it (the GPU in one launch); optim holds the options,
// the state and its names. Updates write in place outside the graph and bump the versions of what they write. The
// tensors are named, not held: a step of a tiny model counts no references for them.
#pragma once

#include <span>

#include <cairn/core/tensor.h>

namespace cairn {

struct SgdUpdate {
  const Tensor *parameter, *grad, *momentum_buffer;  ///< The buffer is null when momentum is 0.
  bool first = false;                                ///< The buffer holds nothing yet: it becomes the gradient.
};
struct SgdUpdateOptions {
  double lr, momentum, dampening, weight_decay;
  bool nesterov, maximize;
};

/// g ← ±g + weight_decay p;  b ← momentum b + (1 - dampening) g (first: b ← g);  p ← p - lr (nesterov ? g + momentum b
/// : b)
void sgd_update(std::span<const SgdUpdate> updates, const SgdUpdateOptions& options);

struct AdamUpdate {
  const Tensor *parameter, *grad, *exp_avg, *exp_avg_sq, *max_exp_avg_sq;  ///< The last is null without amsgrad.
  const Tensor* step;  ///< float32 scalar on the CPU; counted up by the call.
};
struct AdamUpdateOptions {
  double lr, beta1, beta2, eps, weight_decay;
  bool amsgrad, maximize, decoupled_weight_decay;
};

/// Kingma and Ba, "Adam", 2015, algorithm 1; amsgrad: Reddi et al., 2018; decoupled decay: Loshchilov and Hutter, 2019.
void adam_update(std::span<const AdamUpdate> updates, const AdamUpdateOptions& options);

struct RmspropUpdate {
  const Tensor *parameter, *grad, *square_avg;
  const Tensor *momentum_buffer, *grad_avg;  ///< Null when momentum is 0, and unless centered.
  const Tensor* step;                        ///< float32 scalar on the CPU; counted up by the call.
};
struct RmspropUpdateOptions {
  double lr, alpha, eps, weight_decay, momentum;
  bool centered, maximize;
};

/// Tieleman and Hinton, lecture 6e of "Neural Networks for Machine Learning", 2012; centered: Graves, "Generating
/// Sequences With Recurrent Neural Networks", 2013, section 4.2.
void rmsprop_update(std::span<const RmspropUpdate> updates, const RmspropUpdateOptions& options);

struct AdagradUpdate {
  const Tensor *parameter, *grad, *sum;
  const Tensor* step;  ///< float32 scalar on the CPU; counted up by the call.
};
struct AdagradUpdateOptions {
  double lr, lr_decay, eps, weight_decay;
  bool maximize;
};

/// Duchi, Hazan and Singer, "Adaptive Subgradient Methods", 2011, section 1.1, diagonal.
void adagrad_update(std::span<const AdagradUpdate> updates, const AdagradUpdateOptions& options);

}  // namespace cairn
