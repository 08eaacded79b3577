// The walk back through a graph. What backward.cpp asks of engine.cpp.
#pragma once

#include <memory>
#include <span>

#include <cairn/core/graph.h>

namespace cairn {

/// Where a walk begins, with the gradient of what was computed there.
struct Root {
  Edge edge;
  Tensor gradient;
};

/// A gradient that grad() was asked for: what flows along `edge`.
struct Capture {
  Edge edge;
  Tensor gradient;
};

class Engine {
 public:
  /// Walks from the roots, whose gradients are taken. Without captures every leaf's gradient is added to its `grad`;
  /// with captures, these alone get theirs, and nothing else is computed: they are sorted by `edge.place()`, no two
  /// have the same.
  static void run(std::span<Root> roots, bool retain_graph, std::span<Capture> captures = {});

 private:
  struct Work;

  Engine(Work& work, bool retain_graph, std::span<Capture> captures);
  ~Engine();

  void discover(std::span<Root> roots);
  void visit(Node* node);
  void count(TensorImpl* leaf);
  void sort_leaves();
  void narrow(std::span<Root> roots);

  void walk(std::span<Root> roots);
  void process(Node* node);
  void end_at(Node& node);
  Tensor arrived(Node& node, Tensor gradient);
  void deliver(const Edge& edge, Tensor&& gradient);
  void deliver_to_leaf(TensorImpl& leaf, Tensor&& gradient);
  void finish(TensorImpl& leaf, Tensor&& gradient);
  Capture* capture_of(const void* place);

  Work& work_;
  const std::uint64_t run_;
  const bool retain_graph_;
  const std::span<Capture> captures_;
  bool plain_ = false;  // every gradient that comes to a leaf is added to its `grad` at once
};

}  // namespace cairn
