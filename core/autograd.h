// The graph of what was computed, and how gradients flow back through it.
//
// An operation whose input requires a gradient leaves a Node behind: which operation it was, the nodes its inputs came
// from, and the tensors its gradient needs. A node never holds its own output, so that dropping the output frees the
// graph.
//
//   x ──► [linear] ──► h ──► [relu] ──► y              y.backward():
//   w ──►    ▲                                          1. count, for every node reachable, how many await it
//   b ──►    └ saves x, w with their versions           2. from the last to the first: gradient in, gradients out
//
// Nodes are counted and freed without recursion: a graph of 100,000 nodes is as safe as one of three. A graph belongs
// to one backward() at a time; different graphs may run on different threads.
#pragma once

#include <cstdint>
#include <string_view>

#include <cairn/core/operation.h>
#include <cairn/core/tensor.h>

namespace cairn {

/// Whether operations of this thread leave nodes behind.
bool is_grad_enabled();

/// Until it goes out of scope, nothing this thread computes is remembered.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};

/// The opposite, inside a NoGrad.
class EnableGrad {
 public:
  EnableGrad();
  ~EnableGrad();
  EnableGrad(const EnableGrad&) = delete;
  EnableGrad& operator=(const EnableGrad&) = delete;

 private:
  bool before_;
};

/// "AddBackward0" and the like, as PyTorch prints a tensor's `grad_fn`.
std::string grad_fn_name(const Node& node);

}  // namespace cairn
