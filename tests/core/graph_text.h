// A graph in words: "AddBackward0(MulBackward0(leaf, -), leaf)", each node with what its edges lead to.
#pragma once

#include <string>

#include <cairn/core/graph.h>

inline std::string graph_text(const cairn::Node* node) {
  if (!node) return "none";
  std::string text = node->name();
  for (int i = 0; i < node->edge_count(); ++i) {
    const cairn::Edge& edge = node->edge(i);
    text += (i == 0 ? "(" : ", ") + (edge.node ? graph_text(edge.node.get()) : std::string(edge.leaf ? "leaf" : "-"));
  }
  return node->edge_count() > 0 ? text + ")" : text;
}

inline std::string graph_text(const cairn::Tensor& tensor) { return graph_text(tensor.grad_fn()); }
