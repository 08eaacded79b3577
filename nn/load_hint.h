// What probably went wrong when a state dict does not fit a module: the hint below PyTorch's text.
//
// Four mistakes make up most of them: the dict was saved from a wrapper (every key begins with "module."), the dict is
// a whole checkpoint in which the state dict is one entry, a list is numbered from elsewhere ("layers.1.weight" for
// "layers.0.weight"), or a key was renamed. Linear in the number of keys: only the first few missing keys are compared
// with the unexpected ones.
#pragma once

#include <string>
#include <vector>

#include <cairn/core/value.h>

namespace cairn::nn {

/// The hint, or an empty text. `expected` and `given` are all keys of the module and of the dict, `nested` those
/// entries of the dict that are dicts themselves.
std::string load_hint(const std::vector<std::string>& missing, const std::vector<std::string>& unexpected,
                      const std::vector<std::string>& expected, const std::vector<std::string>& given,
                      const std::vector<std::string>& nested);

}  // namespace cairn::nn
