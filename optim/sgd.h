// Stochastic gradient descent, with momentum and weight decay.
//
//   g ← g + weight_decay p
//   b ← momentum b + (1 - dampening) g        the first time: b ← g
//   p ← p - lr b                              nesterov: p ← p - lr (g + momentum b)
#pragma once

#include <optional>
#include <vector>

#include <cairn/core/update.h>
#include <cairn/optim/optimizer.h>

namespace cairn::optim {

struct SGDOptions {
  Scalar lr = 1e-3;         ///< The learning rate.
  Scalar momentum = 0;      ///< How much of the last step is kept.
  Scalar dampening = 0;     ///< How much of the gradient is left out of the momentum.
  Scalar weight_decay = 0;  ///< L2 penalty.
  bool nesterov = false;    ///< Looks one step of momentum ahead (Sutskever et al., 2013).
  bool maximize = false;    ///< Moves with the gradient.
  // PyTorch's choices of implementation: kept and saved, without effect on the numbers.
  std::optional<bool> foreach = std::nullopt;
  bool differentiable = false;
  std::optional<bool> fused = std::nullopt;
};

class SGD : public Optimizer {
 public:
  /// Throws ValueError with PyTorch's text for options that make no sense or an empty list.
  explicit SGD(ParameterList parameters, const SGDOptions& options = {});
  explicit SGD(std::vector<ParameterGroup> groups, const SGDOptions& options = {});

  void step() override;
  std::string name() const override { return "SGD"; }

 protected:
  void validate(const Dict& options) const override;
  void options_changed(std::size_t group) override;

 private:
  std::vector<SgdUpdateOptions> group_options_;
  /// The buffer of a parameter that had none.
  struct Fresh {
    std::size_t parameter;
    Tensor buffer;
  };
  std::vector<SgdUpdate> updates_;  // of one group; kept for their memory
  std::vector<Fresh> fresh_;
};

}  // namespace cairn::optim
