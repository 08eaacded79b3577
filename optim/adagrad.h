// Adagrad (Duchi, Hazan and Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization",
// 2011): each gradient is divided by the root of the sum of all its squares so far. Numbers that seldom have a gradient
// keep their speed, as the rare rows of an embedding want it; the others slow down.
//
//   s ← s + g²                                                       begins at initial_accumulator_value
//   p ← p - lr / (1 + (t - 1) lr_decay) · g / (√s + eps)             in step t = 1, 2, ...
#pragma once

#include <optional>
#include <vector>

#include <cairn/core/update.h>
#include <cairn/optim/optimizer.h>

namespace cairn::optim {

struct AdagradOptions {
  Scalar lr = 1e-2;                      ///< The learning rate.
  Scalar lr_decay = 0;                   ///< How fast it sinks with the number of steps.
  Scalar weight_decay = 0;               ///< L2 penalty.
  Scalar initial_accumulator_value = 0;  ///< What the sums begin with.
  Scalar eps = 1e-10;                    ///< Added to the root, against division by 0.
  bool maximize = false;                 ///< Moves with the gradient.
  // PyTorch's choices of implementation: kept and saved, without effect on the numbers.
  std::optional<bool> foreach = std::nullopt;
  bool differentiable = false;
  std::optional<bool> fused = std::nullopt;
};

/// Its state is there from the beginning, as PyTorch's; that of a group added later from its first step.
class Adagrad : public Optimizer {
 public:
  /// Throws ValueError with PyTorch's text for options that make no sense or an empty list.
  explicit Adagrad(ParameterList parameters, const AdagradOptions& options = {});
  explicit Adagrad(std::vector<ParameterGroup> groups, const AdagradOptions& options = {});

  void step() override;
  std::string name() const override { return "Adagrad"; }

 protected:
  void validate(const Dict& options) const override;
  void options_changed(std::size_t group) override;

 private:
  void create_state(std::size_t group, std::size_t parameter);

  double initial_accumulator_value_;  // of all groups, whatever their own option says: as PyTorch
  std::vector<AdagradUpdateOptions> group_options_;
  std::vector<AdagradUpdate> updates_;  // of one group; kept for its memory
};

}  // namespace cairn::optim
