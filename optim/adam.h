// Adam (Kingma and Ba, 2015): each number moves by the running mean of its gradient over the root of the running mean
// of its square, so that all move at about the same speed.
//
//   m ← β₁ m + (1 - β₁) g          m̂ = m / (1 - β₁ᵗ)          both start at 0, and dividing by 1 - βᵗ makes up
//   v ← β₂ v + (1 - β₂) g²         v̂ = v / (1 - β₂ᵗ)          for that in the first steps
//   p ← p - lr m̂ / (√v̂ + eps)
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include <cairn/core/update.h>
#include <cairn/optim/optimizer.h>

namespace cairn::optim {

struct AdamOptions {
  Scalar lr = 1e-3;                                ///< The learning rate.
  std::pair<Scalar, Scalar> betas = {0.9, 0.999};  ///< How slowly the two means forget.
  Scalar eps = 1e-8;                               ///< Added to the root, against division by 0.
  Scalar weight_decay = 0;                         ///< L2 penalty, or decay of the weights themselves if decoupled.
  bool amsgrad = false;                            ///< Uses the largest v so far (Reddi et al., 2018).
  bool maximize = false;                           ///< Moves with the gradient.
  bool decoupled_weight_decay = false;             ///< AdamW's (Loshchilov and Hutter, 2019).
  // PyTorch's choices of implementation: kept and saved, without effect on the numbers.
  std::optional<bool> foreach = std::nullopt;
  bool capturable = false;
  bool differentiable = false;
  std::optional<bool> fused = std::nullopt;
};

class Adam : public Optimizer {
 public:
  /// Throws ValueError with PyTorch's text for options that make no sense or an empty list.
  explicit Adam(ParameterList parameters, const AdamOptions& options = {});
  explicit Adam(std::vector<ParameterGroup> groups, const AdamOptions& options = {});

  void step() override;
  std::string name() const override { return "Adam"; }

 protected:
  enum class Decay : bool { as_chosen, always_decoupled };
  Adam(const AdamOptions& options, Decay decay);  ///< For a class that adds its groups itself.

  void validate(const Dict& options) const override;
  void options_changed(std::size_t group) override;

 private:
  std::vector<AdamUpdateOptions> group_options_;
  std::vector<AdamUpdate> updates_;  // of one group; kept for its memory
};

}  // namespace cairn::optim
