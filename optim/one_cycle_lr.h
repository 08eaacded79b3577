// OneCycleLR (Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates",
// 2018): in one run the rate rises to a large one and sinks far below where it began; the momentum goes the other way.
//
//              max_lr                     pct_start of the steps: up
//   max_lr / div_factor   ╱╲              the rest: down
//                        ╱   ╲▁           three_phase: down as long as up, then the rest
//                     ... / final_div_factor
//
// It steps after every batch. The rates of the optimizer's groups are replaced by what `max_lr` says.
#pragma once

#include <optional>
#include <string>

#include <cairn/optim/lr_scheduler.h>

namespace cairn::optim {

struct OneCycleLROptions {
  std::optional<std::int64_t> total_steps = std::nullopt;  ///< Or both of the next.
  std::optional<std::int64_t> epochs = std::nullopt;
  std::optional<std::int64_t> steps_per_epoch = std::nullopt;
  double pct_start = 0.3;               ///< The part of the steps in which the rate rises.
  std::string anneal_strategy = "cos";  ///< Or "linear".
  bool cycle_momentum = true;           ///< Moves momentum, or the first of betas, between the next two.
  PerGroup base_momentum = 0.85;
  PerGroup max_momentum = 0.95;
  Scalar div_factor = 25.0;       ///< The rate begins at max_lr / div_factor,
  Scalar final_div_factor = 1e4;  ///< and ends at that / final_div_factor.
  bool three_phase = false;
  std::int64_t last_epoch = -1;
};

class OneCycleLR : public LRScheduler {
 public:
  /// Throws ValueError with PyTorch's text for options that make no sense, and for an optimizer without momentum and
  /// betas if the momentum shall move. A step after the last throws ValueError likewise.
  OneCycleLR(Optimizer& optimizer, const PerGroup& max_lr, const OneCycleLROptions& options);
  std::string name() const override { return "OneCycleLR"; }
  Value state() const override;

 protected:
  Value get_lr(std::size_t group, const Moment& now) const override;
  Dict get_options(std::size_t group, const Moment& now) const override;
  void validate(const Dict& fields) const override;

 private:
  /// What lies at that moment between two options of a group, which the phase names.
  double annealed(std::size_t group, const Moment& now, const char* start, const char* end) const;
};

}  // namespace cairn::optim
