// The graph of what was computed, and how gradients flow back through it.
//
// An operation whose input requires a gradient leaves a Node behind: which operation it was, the nodes its inputs came
// from, and the tensors its gradient needs. A node never holds its own output, so that dropping the output frees the
// graph.
//
//   x ──► [linear] ──► h ──► [relu] ──► y              y.backward():
//   w ──►    ▲                                          from the node made last to the one made first:
//   b ──►    └ saves x, w with their versions           gradient of the output in, gradients of the inputs out
//
// Changing a tensor in place takes its place in the graph, also through views (autograd/inplace.cpp draws that). What
// was saved and then changed is noticed by its version.
//
// Nodes are counted and freed without recursion: a graph of 100,000 nodes is as safe as one of three. A graph belongs
// to one backward() at a time; different graphs may run on different threads at once, and may share leaves, into which
// each adds its gradient.
//
// Gradients of gradients (PyTorch's create_graph) are deliberately absent: what backward() computes is not recorded.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <cairn/core/hooks.h>
#include <cairn/core/operation.h>
#include <cairn/core/tensor.h>

namespace cairn {

/// Whether operations of this thread leave nodes behind.
bool is_grad_enabled();

/// Turns gradient mode of this thread on or off until it goes out of scope.
class SetGradEnabled {
 public:
  explicit SetGradEnabled(bool on);
  ~SetGradEnabled();
  SetGradEnabled(const SetGradEnabled&) = delete;
  SetGradEnabled& operator=(const SetGradEnabled&) = delete;

 private:
  bool before_;
};

/// Until it goes out of scope, nothing this thread computes is remembered.
struct NoGrad : SetGradEnabled {
  NoGrad() : SetGradEnabled(false) {}
};

/// The opposite, inside a NoGrad.
struct EnableGrad : SetGradEnabled {
  EnableGrad() : SetGradEnabled(true) {}
};

/// As tensor.backward(), for several tensors at once: their gradients flow through the graph together. `gradients` has
/// one for each, or is empty; an undefined one stands for 1, for a tensor of one element.
void backward(const std::vector<Tensor>& tensors, const std::vector<Tensor>& gradients = {}, bool retain_graph = false);

struct GradOptions {
  bool retain_graph = false;  ///< Whether the graph may be walked again.
  bool allow_unused = false;  ///< An input that no output depends on gets an undefined tensor, rather than an error.
};

/// The gradients of the outputs' sum with respect to each of `inputs`, leaves or results. Nothing is added to any
/// `grad` but those that retain_grad() asked for, and only nodes between outputs and inputs are walked. As in PyTorch,
/// a result's gradient is given as it arrived, before its hooks, where the walk goes on below it, and else after them.
std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         const std::vector<Tensor>& grad_outputs = {}, const GradOptions& options = {});

/// Until it goes out of scope, backward() of this thread throws AutogradError when a function returns NaN, and names
/// it. Computed in its scope as well, the graph can also tell which operation made the first NaN going forward: the
/// error's hint says so. Every result and gradient is searched: for finding a fault, not for training.
class DetectAnomaly {
 public:
  explicit DetectAnomaly(bool check_nan = true);
  ~DetectAnomaly();
  DetectAnomaly(const DetectAnomaly&) = delete;
  DetectAnomaly& operator=(const DetectAnomaly&) = delete;

 private:
  friend void note_nan(const Tensor&, const char*, std::span<const Tensor* const>);
  friend void check_gradients(const Node&, const Tensor*);

  DetectAnomaly* before_;
  const char* made_first_nan_ = nullptr;
  bool check_nan_;
};

/// "AddBackward0" and the like, as PyTorch prints a tensor's `grad_fn`.
std::string grad_fn_name(const Node& node);

}  // namespace cairn
