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
};

struct CrossEntropyAttributes {
  std::int64_t ignore_index;
  double label_smoothing;
  std::int32_t reduction;
};

struct BatchNormAttributes {
  double momentum, eps;
  bool training;  ///< Use, and remember, the statistics of the batch.
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
