// The tensors of a tree, without their paths: looked at, or replaced in place.
#pragma once

#include <functional>

#include <cairn/core/value.h>

namespace cairn {

/// Calls `visit` with every tensor of the tree, depth first, in order.
void visit_tensors(const Value& value, const std::function<void(const Tensor&)>& visit);

/// Every tensor of the tree becomes what `replacement` gives for it, depth first, in order.
void rewrite_tensors(Value& value, const std::function<Tensor(const Tensor&)>& replacement);

}  // namespace cairn
