// What operations are told besides their operands: plain structs that cross the backend table.
#pragma once

#include <cstdint>

namespace cairn {

struct FillAttributes {
  double floating;
  std::int64_t integer;  ///< Used for integer and bool tensors.
};

struct ReduceAttributes {
  std::int32_t reduced;  ///< How many of the last dimensions of x are reduced.
  double divisor;        ///< The sum is divided by it: n for a mean, 1 for a sum, and for others.
};

struct IndexAttributes {
  std::int32_t dim;  ///< The dimension that the index chooses places of.
};

struct ReductionAttributes {
  std::int32_t reduction;  ///< 0 none, 1 mean, 2 sum.
  double beta = 0;         ///< Of smooth_l1_loss: where the parabola ends.
};

struct CrossEntropyAttributes {
  std::int64_t ignore_index;
  double label_smoothing;
  std::int32_t reduction;
};

struct NormAttributes {
  double eps;
};

struct BatchNormAttributes {
  double momentum, eps;
  bool training;  ///< Use, and remember, the statistics of the batch.
};

// Of two numbers the first is for the height, the second for the width.
struct Conv2dAttributes {
  std::int64_t stride[2], padding[2],
      dilation[2];  ///< `padding` before the first number; behind, what the result asks.
  std::int64_t groups;
};

struct MaxPool2dAttributes {
  std::int64_t kernel[2], stride[2], padding[2], dilation[2];
};

struct AvgPool2dAttributes {
  std::int64_t kernel[2], stride[2], padding[2];
  std::int64_t divisor;    ///< What sums are divided by; 0: how many numbers there are in the window.
  bool count_include_pad;  ///< Whether padding counts among them.
  bool adaptive;           ///< The windows share the input among them, and nothing above counts.
};

struct SgdAttributes {
  double lr, momentum, dampening, weight_decay;
  bool nesterov, maximize, first;
};

/// Followed in memory by one AdamScalars for each parameter.
struct AdamAttributes {
  double beta1, beta2, eps, weight_decay, lr;
  bool amsgrad, maximize, decoupled_weight_decay;
};
struct AdamScalars {
  double step_size;              ///< lr / (1 - beta1^step)
  double bias_correction2_sqrt;  ///< sqrt(1 - beta2^step)
};

struct RmspropAttributes {
  double lr, alpha, eps, weight_decay, momentum;
  bool centered, maximize;
};

/// Followed in memory by one AdagradScalars for each parameter.
struct AdagradAttributes {
  double eps, weight_decay;
  bool maximize;
};
struct AdagradScalars {
  double lr;  ///< lr / (1 + (step - 1) lr_decay)
};

}  // namespace cairn
