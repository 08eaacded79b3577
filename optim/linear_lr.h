// LinearLR: the rate is taken from start_factor of where it was to end_factor in `total_iters` equal steps: a warm-up.
//
//        ╱▔▔▔▔    end_factor
//      ╱
//   ▁╱            start_factor
#pragma once

#include <cairn/optim/lr_scheduler.h>

namespace cairn::optim {

struct LinearLROptions {
  Scalar start_factor = 1.0 / 3;  ///< Greater than 0, at most 1.
  Scalar end_factor = 1.0;        ///< From 0 to 1.
  std::int64_t total_iters = 5;
  std::int64_t last_epoch = -1;
};

class LinearLR : public LRScheduler {
 public:
  /// Throws ValueError with PyTorch's text for factors out of range.
  explicit LinearLR(Optimizer& optimizer, const LinearLROptions& options = {});
  std::string name() const override { return "LinearLR"; }

 protected:
  Value get_lr(std::size_t group, const Moment& now) const override;
  void validate(const Dict& fields) const override;
};

}  // namespace cairn::optim
