// What the rest of autograd asks of anomaly.cpp, each only where `thread_state.anomaly` is set.
#pragma once

#include <cairn/core/graph.h>

namespace cairn {

/// Remembers the first operation whose result has a NaN that none of its inputs had. An input that is the output itself
/// was overwritten and is not looked at.
void note_nan(const Tensor& output, const char* node_name, Inputs inputs);

/// Throws AutogradError, with PyTorch's text, if one of the gradients that `node` gave has a NaN.
void check_gradients(const Node& node, const Tensor* gradients);

}  // namespace cairn
