// ReduceLROnPlateau: the rate is multiplied by `factor` when a measure, such as the loss on held-out data, has not
// improved for more than `patience` epochs; then nothing happens for `cooldown` epochs.
//
//   scheduler.step(validation_loss);      after every epoch
#pragma once

#include <string>

#include <cairn/optim/lr_scheduler.h>

namespace cairn::optim {

struct ReduceLROnPlateauOptions {
  std::string mode = "min";            ///< Or "max": which way is better.
  Scalar factor = 0.1;                 ///< Below 1.
  std::int64_t patience = 10;          ///< Epochs without improvement that are borne.
  Scalar threshold = 1e-4;             ///< Less than this is no improvement.
  std::string threshold_mode = "rel";  ///< Of the best so far; or "abs".
  std::int64_t cooldown = 0;
  PerGroup min_lr = 0;  ///< The rate goes no lower.
  Scalar eps = 1e-8;    ///< A change smaller than this is not made.
};

class ReduceLROnPlateau : public LRScheduler {
 public:
  /// Throws ValueError with PyTorch's text for options that make no sense.
  explicit ReduceLROnPlateau(Optimizer& optimizer, const ReduceLROnPlateauOptions& options = {});
  void step(double metrics);
  std::string name() const override { return "ReduceLROnPlateau"; }

 protected:
  Value get_lr(std::size_t group, const Moment&) const override { return lr(group); }
  void validate(const Dict& fields) const override;

 private:
  [[noreturn]] void step() override;  // through the base, without the measure: TypeError with PyTorch's text
  bool is_better(double current) const;
  void reduce_lr();
};

}  // namespace cairn::optim
