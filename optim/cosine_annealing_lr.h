// CosineAnnealingLR (Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017, without the
// restarts): the rate sinks along half a cosine from where it began to eta_min at epoch T_max, and rises again after
// it.
//
//   ▔▔╲
//      ╲        lr = eta_min + (base - eta_min) (1 + cos(π epoch / T_max)) / 2, reached by a factor from epoch to epoch
//       ╲▁▁
#pragma once

#include <cairn/optim/lr_scheduler.h>

namespace cairn::optim {

class CosineAnnealingLR : public LRScheduler {
 public:
  /// Throws ValueError unless `T_max` is at least 1.
  CosineAnnealingLR(Optimizer& optimizer, std::int64_t T_max, Scalar eta_min = 0.0, std::int64_t last_epoch = -1);
  std::string name() const override { return "CosineAnnealingLR"; }

 protected:
  Value get_lr(std::size_t group, const Moment& now) const override;
  void validate(const Dict& fields) const override;
};

}  // namespace cairn::optim
