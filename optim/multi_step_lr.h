// MultiStepLR: the rate is multiplied by gamma at each of the milestones, twice at one that is listed twice.
//
//   MultiStepLR(sgd, {30, 80})      0.1 before epoch 30, 0.01 from then on, 0.001 from 80
#pragma once

#include <vector>

#include <cairn/optim/lr_scheduler.h>

namespace cairn::optim {

class MultiStepLR : public LRScheduler {
 public:
  MultiStepLR(Optimizer& optimizer, const std::vector<std::int64_t>& milestones, Scalar gamma = 0.1,
              std::int64_t last_epoch = -1);
  std::string name() const override { return "MultiStepLR"; }

 protected:
  Value get_lr(std::size_t group, const Moment& now) const override;
  void validate(const Dict& fields) const override;
};

}  // namespace cairn::optim
