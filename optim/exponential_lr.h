// ExponentialLR: the rate is multiplied by gamma after every epoch.
#pragma once

#include <cairn/optim/lr_scheduler.h>

namespace cairn::optim {

class ExponentialLR : public LRScheduler {
 public:
  ExponentialLR(Optimizer& optimizer, Scalar gamma, std::int64_t last_epoch = -1);
  std::string name() const override { return "ExponentialLR"; }

 protected:
  Value get_lr(std::size_t group, const Moment& now) const override;
  void validate(const Dict&) const override {}
};

}  // namespace cairn::optim
