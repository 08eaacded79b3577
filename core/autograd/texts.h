// Words that several of autograd's errors share; they are PyTorch's.
#pragma once

#include <string>

#include <cairn/core/graph.h>

namespace cairn {

inline constexpr const char* second_backward_text =
    "Trying to backward through the graph a second time (or directly access saved tensors after they have "
    "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
    "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or if "
    "you need to access saved tensors after calling backward.";

std::string type_text(const TensorImpl& tensor);  ///< "torch.FloatTensor"
std::string function_text(const Node& node);      ///< "AddBackward0", "torch::autograd::CopySlices"
std::string operation_text(const Node& node);     ///< "Add", "Sum1" of SumBackward1

}  // namespace cairn
