// Replaces the tensors of a tree in place. Inside core.
#pragma once

#include <functional>

#include <cairn/core/value.h>

namespace cairn {

/// Every tensor of the tree becomes what `replacement` gives for it, depth first, in order.
void rewrite_tensors(Value& value, const std::function<Tensor(const Tensor&)>& replacement);

}  // namespace cairn
