// AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019): Adam whose decay does not pass through
// the running means. Adam's own is a part of the gradient, so that numbers with large gradients hardly decay at all;
// here every weight shrinks by the same factor.
//
//   p ← (1 - lr weight_decay) p,  then Adam's step without decay
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include <cairn/optim/adam.h>

namespace cairn::optim {

struct AdamWOptions {
  Scalar lr = 1e-3;                                ///< The learning rate.
  std::pair<Scalar, Scalar> betas = {0.9, 0.999};  ///< How slowly the two means forget.
  Scalar eps = 1e-8;                               ///< Added to the root, against division by 0.
  Scalar weight_decay = 1e-2;                      ///< Decay of the weights themselves.
  bool amsgrad = false;                            ///< Uses the largest v so far (Reddi et al., 2018).
  bool maximize = false;                           ///< Moves with the gradient.
  // PyTorch's choices of implementation: kept and saved, without effect on the numbers.
  std::optional<bool> foreach = std::nullopt;
  bool capturable = false;
  bool differentiable = false;
  std::optional<bool> fused = std::nullopt;
};

/// Its option decoupled_weight_decay is True and stays so.
class AdamW : public Adam {
 public:
  /// Throws ValueError with PyTorch's text for options that make no sense or an empty list.
  explicit AdamW(ParameterList parameters, const AdamWOptions& options = {});
  explicit AdamW(std::vector<ParameterGroup> groups, const AdamWOptions& options = {});

  std::string name() const override { return "AdamW"; }
};

}  // namespace cairn::optim
