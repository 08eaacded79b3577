// LambdaLR: the rate is where it began times what a function says of the epoch; one function for all groups, or one for
// each.
//
//   LambdaLR(sgd, [](std::int64_t epoch) { return std::pow(0.95, epoch); })
#pragma once

#include <functional>
#include <vector>

#include <cairn/optim/lr_scheduler.h>

namespace cairn::optim {

/// Functions are not saved: a scheduler that is resumed is made with the same ones.
class LambdaLR : public LRScheduler {
 public:
  using Function = std::function<double(std::int64_t epoch)>;

  LambdaLR(Optimizer& optimizer, Function lr_lambda, std::int64_t last_epoch = -1);
  /// Throws ValueError with PyTorch's text unless there is one for each group.
  LambdaLR(Optimizer& optimizer, std::vector<Function> lr_lambdas, std::int64_t last_epoch = -1);
  std::string name() const override { return "LambdaLR"; }

 protected:
  Value get_lr(std::size_t group, const Moment& now) const override;
  void validate(const Dict&) const override {}

 private:
  std::vector<Function> lr_lambdas_;
};

}  // namespace cairn::optim
