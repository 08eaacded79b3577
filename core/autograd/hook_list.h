// What the handles of hooks.h point at.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include <cairn/core/hooks.h>
#include <cairn/core/tensor.h>

namespace cairn {

/// The hooks of one gradient, in the order they were registered in.
struct HookList : Counted {
  using Hook = std::function<Tensor(const Tensor&)>;

  HookHandle add(Hook hook);
  void remove(std::uint64_t id);

  /// What the hooks make of the gradient: each is given what the one before it returned, or left. Throws AutogradError,
  /// with PyTorch's text, for one that returns another shape, dtype or device.
  Tensor replaced(Tensor gradient) const;

  /// Calls them with `leaf`.
  void tell(const Tensor& leaf) const;

 private:
  std::vector<std::pair<std::uint64_t, Hook>> hooks_;
  std::uint64_t registered_ = 0;
};

/// Where a result's gradient is kept: the tensor reads it, the node it was computed by writes it, and neither keeps the
/// other alive.
struct RetainedGrad : Counted {
  Tensor grad;
};

}  // namespace cairn
