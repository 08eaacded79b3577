// RMSprop (Tieleman and Hinton, lecture 6e of "Neural Networks for Machine Learning", 2012): each gradient is divided
// by the root of the running mean of its square, so that steep and flat directions move at about the same speed.
//
//   v ← alpha v + (1 - alpha) g²
//   m ← alpha m + (1 - alpha) g               centered (Graves, 2013, section 4.2): √(v - m²) stands for √v
//   b ← momentum b + g / (√v + eps)           without momentum: b is g / (√v + eps)
//   p ← p - lr b
#pragma once

#include <optional>
#include <vector>

#include <cairn/core/update.h>
#include <cairn/optim/optimizer.h>

namespace cairn::optim {

struct RMSpropOptions {
  Scalar lr = 1e-2;         ///< The learning rate.
  Scalar alpha = 0.99;      ///< How slowly the means forget.
  Scalar eps = 1e-8;        ///< Added to the root, against division by 0.
  Scalar weight_decay = 0;  ///< L2 penalty.
  Scalar momentum = 0;      ///< How much of the last step is kept.
  bool centered = false;    ///< Divides by the deviation of the gradient from its mean.
  bool maximize = false;    ///< Moves with the gradient.
  // PyTorch's choices of implementation: kept and saved, without effect on the numbers.
  bool capturable = false;
  std::optional<bool> foreach = std::nullopt;
  bool differentiable = false;
};

class RMSprop : public Optimizer {
 public:
  /// Throws ValueError with PyTorch's text for options that make no sense or an empty list.
  explicit RMSprop(ParameterList parameters, const RMSpropOptions& options = {});
  explicit RMSprop(std::vector<ParameterGroup> groups, const RMSpropOptions& options = {});

  void step() override;
  std::string name() const override { return "RMSprop"; }

 protected:
  void validate(const Dict& options) const override;
  void options_changed(std::size_t group) override;

 private:
  std::vector<RmspropUpdateOptions> group_options_;
  std::vector<RmspropUpdate> updates_;  // of one group; kept for its memory
};

}  // namespace cairn::optim
