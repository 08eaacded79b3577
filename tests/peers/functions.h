// Cairn's functions by name, as programs call them (program.h).
//
// The names are those of core/ops.h and core/tensor.h; where a number may stand for a tensor, or a dimension may be
// left out, the ways are told apart after a point: `add`, `add.number`, `max.all`, `max.along`.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/core/tensor.h>

#include "program.h"

namespace peers {

/// The tensors of a running case: a name stands for the results of one statement.
using Tensors = std::map<std::string, std::vector<cairn::Tensor>, std::less<>>;

/// The tensor called so: "a" or, the second of several, "a.1".
const cairn::Tensor& tensor_called(const Tensors& tensors, std::string_view name);

using Function = std::function<std::vector<cairn::Tensor>(const std::vector<Argument>&, const Tensors&)>;

const std::map<std::string, Function, std::less<>>& functions();

}  // namespace peers
