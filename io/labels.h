// What listings and messages call the tensors of a tree.
//
// A tensor's identity is its path; its label is the path with dots between the keys, "model.fc.weight", as everybody
// writes it. Keys may hold dots themselves, so two paths can have one label: {"a.b": x, "a": {"b": y}}. Those, and only
// those, are told apart by a backslash before the dots that belong to a key.
#pragma once

#include <string>
#include <vector>

#include <cairn/core/value.h>

namespace cairn::io {

/// One label for each tensor, in the order of the tree; no two are alike.
std::vector<std::string> tensor_labels(const Value& tree);

}  // namespace cairn::io
