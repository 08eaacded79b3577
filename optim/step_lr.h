// StepLR: the rate is multiplied by gamma after every `step_size` epochs.
//
//   lr  ▔▔▔▔▔╲▁▁▁▁▁╲▁▁▁▁▁     each stair `step_size` long, `gamma` times as high as the one before
#pragma once

#include <cairn/optim/lr_scheduler.h>

namespace cairn::optim {

class StepLR : public LRScheduler {
 public:
  /// Throws ValueError unless `step_size` is at least 1.
  StepLR(Optimizer& optimizer, std::int64_t step_size, Scalar gamma = 0.1, std::int64_t last_epoch = -1);
  std::string name() const override { return "StepLR"; }

 protected:
  Value get_lr(std::size_t group, const Moment& now) const override;
  void validate(const Dict& fields) const override;
};

}  // namespace cairn::optim
