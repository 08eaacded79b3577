// Gradients flow from the roots to the leaves.
//
//   1. discover    every node that can be reached, once
//   2. process     of the nodes that gradients have come to, always the one that was made last: gradient in, gradients
//                  out, along the edges
//
// Made last goes first: what a node's output was used for was made after the node, so when its turn comes, all the
// gradients that it is to get have come and been added up. (PyTorch walks in the same order, so sums are the same
// sums.)
//
//     x ──► 1:[mul] ──► h ──► 2:[exp] ─────┐                 heap: 3 │ 2 1 │ 1 │
//                       └──────────────────┴► 3:[add] ──► y          └─ from h's two uses: 1 waits for both
//
// A leaf has no number. Where its gradient comes in several parts and `grad` is already there, or a hook is to see the
// sum, the parts are counted in step 1 and added up before they are added to `grad`; otherwise they go there directly.
//
// grad() first narrows the walk (between 1 and 2): from the inputs up, a node is needed if it leads to one that is.
//
// A hook may call backward() itself, even on the same graph. Gradients that wait in the nodes it comes by, and what
// grad() narrowed, are put aside for the time.
#include <cairn/core/autograd/engine.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <vector>

#include <cairn/core/autograd.h>
#include <cairn/core/autograd/anomaly.h>
#include <cairn/core/autograd/hook_list.h>
#include <cairn/core/ops.h>

namespace cairn {
namespace {

/// A leaf whose gradient comes in several parts, or concerns somebody else than its `grad`.
struct LeafSum {
  TensorImpl* leaf;
  std::uint32_t expected = 1;  // parts that have not come yet
  Tensor sum = {};
};

/// What a node held for a walk further up the stack.
struct PutAside {
  Node* node;
  Tensor gradient;
  std::uint64_t needed;
  bool narrowed, captured;
};

/// Adds `more` to `sum`, in place where nobody else looks at the sum.
void add_to(Tensor& sum, const Tensor& more) {
  if (is_ours(sum))
    sum.add_(more);
  else
    sum = add(sum, more);
}

/// Makes a gradient look like the tensor it belongs to: broadcast dimensions summed, in its dtype.
inline void fit(Tensor& gradient, const Shape& shape, DType dtype) {
  const TensorImpl& impl = *gradient.impl();
  if (impl.dtype == dtype && impl.shape == shape) [[likely]]
    return;
  gradient = sum_to_shape(gradient, shape).to(dtype);
}

void add_to_grad(TensorImpl& leaf, Tensor&& gradient) {
  if (leaf.grad.defined())
    leaf.grad.add_(gradient);
  else
    leaf.grad = own(std::move(gradient));
}

/// Two threads may add to one leaf's gradient; where there is one thread there is nothing to lock.
void accumulate(TensorImpl& leaf, Tensor&& gradient) {
  if (single_threaded()) return add_to_grad(leaf, std::move(gradient));
  static std::array<std::mutex, 64> mutexes;
  const std::lock_guard lock(mutexes[reinterpret_cast<std::uintptr_t>(&leaf) / sizeof(TensorImpl) % mutexes.size()]);
  add_to_grad(leaf, std::move(gradient));
}

std::uint64_t next_run() {
  static std::atomic<std::uint64_t> threads = 0;
  if (thread_state.backward_run == 0) thread_state.backward_run = threads.fetch_add(1, std::memory_order_relaxed) << 40;
  return ++thread_state.backward_run;
}

}  // namespace

/// Lists that a thread keeps from one walk to the next, so that a walk takes no memory from the system. After an error
/// they are dropped.
struct Engine::Work {
  std::vector<Node*> ready;  // a heap
  std::vector<LeafSum> leaves;
  std::vector<Tensor> gradients;  // of a node's inputs: undefined between nodes
  std::vector<PutAside> put_aside;
  std::vector<Node*> nodes;  // all that were discovered, for grad()
  Node* to_visit = nullptr;
};

Engine::Engine(Work& work, bool retain_graph, std::span<Capture> captures)
    : work_(work), run_(next_run()), retain_graph_(retain_graph), captures_(captures) {}

Engine::~Engine() {
  for (Node* node : work_.ready) node->gradient_so_far_ = Tensor();  // only after an error
  for (Node* node : work_.nodes) {
    node->needed_ = node->all_edges();
    node->narrowed_ = node->captured_ = false;
  }
  for (PutAside& held : work_.put_aside) {
    held.node->gradient_so_far_ = std::move(held.gradient);
    held.node->needed_ = held.needed;
    held.node->narrowed_ = held.narrowed;
    held.node->captured_ = held.captured;
  }
  work_.ready.clear();
  work_.leaves.clear();
  work_.put_aside.clear();
  work_.nodes.clear();
}

// Discovering.

inline void Engine::visit(Node* node) {
  if (node->run_ == run_) return;
  node->run_ = run_;
  node->next_ = work_.to_visit;
  work_.to_visit = node;
  if (node->gradient_so_far_.defined() || node->narrowed_) [[unlikely]] {
    work_.put_aside.push_back(
        {node, std::exchange(node->gradient_so_far_, {}), node->needed_, node->narrowed_, node->captured_});
    node->needed_ = node->all_edges();
    node->narrowed_ = node->captured_ = false;
  }
}

inline void Engine::count(TensorImpl* leaf) {
  // Another thread may be about to set `grad`: then it is not looked at.
  if (!single_threaded() || leaf->grad.defined() || leaf->rare) [[unlikely]]
    if (captures_.empty()) work_.leaves.push_back({leaf});
}

void Engine::discover(std::span<Root> roots) {
  for (const Root& root : roots) {
    if (root.edge.node) visit(root.edge.node.get());
    if (root.edge.leaf) count(root.edge.leaf.get());
  }
  while (Node* node = work_.to_visit) {
    work_.to_visit = node->next_;
    if (!captures_.empty()) [[unlikely]]
      work_.nodes.push_back(node);
    for (const Edge *edge = node->edges_, *end = edge + node->edge_count_; edge != end; ++edge) {
      if (edge->node)
        visit(edge->node.get());
      else if (edge->leaf)
        count(edge->leaf.get());
    }
  }
  if (!captures_.empty()) narrow(roots);
  if (!work_.leaves.empty()) sort_leaves();
  plain_ = captures_.empty() && work_.leaves.empty();
}

/// One entry for each leaf, sorted by address; none for a leaf that gets one part and has nobody else to tell.
void Engine::sort_leaves() {
  std::vector<LeafSum>& leaves = work_.leaves;
  std::ranges::sort(leaves, std::less<>(), &LeafSum::leaf);
  std::size_t kept = 0;
  for (std::size_t i = 0, end; i < leaves.size(); i = end) {
    for (end = i + 1; end < leaves.size() && leaves[end].leaf == leaves[i].leaf;) ++end;
    if (end - i > 1 || leaves[i].leaf->rare || !captures_.empty())
      leaves[kept++] = {leaves[i].leaf, static_cast<std::uint32_t>(end - i)};
  }
  leaves.resize(kept, {nullptr});
}

Capture* Engine::capture_of(const void* place) {
  const auto found = std::ranges::lower_bound(captures_, place, std::less<>(),
                                              [](const Capture& capture) { return capture.edge.place(); });
  return found != captures_.end() && found->edge.place() == place ? &*found : nullptr;
}

/// Leaves of every node's edges those that lead to a capture.
void Engine::narrow(std::span<Root> roots) {
  for (const Capture& capture : captures_) {
    Node* const node = capture.edge.node.get();
    if (node && node->run_ == run_) node->captured_ = true;
  }
  for (const Root& root : roots)
    if (root.edge.leaf && capture_of(root.edge.leaf.get())) work_.leaves.push_back({root.edge.leaf.get()});
  std::ranges::sort(work_.nodes, {}, &Node::sequence_);
  for (Node* node : work_.nodes) {
    node->narrowed_ = true;
    node->needed_ = 0;
    for (int i = 0; i < node->edge_count_; ++i) {
      const Edge& edge = node->edges_[i];
      const bool to_capture = edge.leaf && capture_of(edge.leaf.get());
      if (to_capture) work_.leaves.push_back({edge.leaf.get()});
      if (to_capture || (edge.node && edge.node->leads_somewhere())) node->needed_ |= Node::bit(i);
    }
  }
}

// Processing.

void Engine::process(Node* node) {
  Tensor gradient = std::exchange(node->gradient_so_far_, {});
  if (node->rare_ || node->captured_) [[unlikely]]
    gradient = arrived(*node, std::move(gradient));
  if (node->needed_ == 0) [[unlikely]]
    return end_at(*node);
  const auto count = static_cast<std::size_t>(node->edge_count_);
  if (work_.gradients.size() < count) [[unlikely]]
    work_.gradients.resize(count);
  Tensor* const gradients = work_.gradients.data();
  node->gradient_(*node, gradient, gradients);
  gradient = Tensor();
  if (thread_state.anomaly) [[unlikely]]
    check_gradients(*node, gradients);
  if (!retain_graph_) node->free_saved();
  for (int i = 0; i < node->edge_count_; ++i) {
    if (node->needs(i)) deliver(node->edges_[i], std::move(gradients[i]));
    gradients[i] = Tensor();
  }
}

/// A node with nothing to compute: grad() ends there, or all its inputs are views made under NoGrad. In the second case
/// PyTorch looks at what was saved all the same.
void Engine::end_at(Node& node) {
  if (node.narrowed_) return;
  node.check_saved();
  if (!retain_graph_) node.free_saved();
}

/// What there is to do with the whole gradient of a result, before its node's function gets it.
Tensor Engine::arrived(Node& node, Tensor gradient) {
  const bool goes_on = node.needed_ != 0;
  if (node.captured_ && goes_on) capture_of(&node)->gradient = gradient;
  if (node.rare_) {
    const Reference<HookList> hooks = node.rare_->hooks;
    if (hooks) gradient = hooks->replaced(std::move(gradient));
    if (const Reference<RetainedGrad> retained = node.rare_->retained) {
      Tensor& grad = retained->grad;
      grad = grad.defined() ? add(grad, gradient) : gradient.clone();
    }
  }
  if (node.captured_ && !goes_on) capture_of(&node)->gradient = gradient;
  return gradient;
}

void Engine::deliver(const Edge& edge, Tensor&& gradient) {
  if (!edge.node) return deliver_to_leaf(*edge.leaf, std::move(gradient));
  Node* const node = edge.node.get();
  if (!gradient.defined() || (node->narrowed_ && !node->leads_somewhere())) [[unlikely]]
    return;
  fit(gradient, node->shape_, node->dtype_);
  if (node->gradient_so_far_.defined()) {
    add_to(node->gradient_so_far_, gradient);
  } else {
    node->gradient_so_far_ = std::move(gradient);
    work_.ready.push_back(node);
    if (work_.ready.size() > 1) std::ranges::push_heap(work_.ready, {}, &Node::sequence_);
  }
}

void Engine::deliver_to_leaf(TensorImpl& leaf, Tensor&& gradient) {
  if (gradient.defined()) [[likely]] {
    fit(gradient, leaf.shape, leaf.dtype);
    if (plain_ && leaf.requires_grad && !leaf.grad_fn && !leaf.base) [[likely]]
      return accumulate(leaf, std::move(gradient));
  }
  if (!work_.leaves.empty()) {
    const auto found = std::ranges::lower_bound(work_.leaves, &leaf, std::less<>(), &LeafSum::leaf);
    if (found != work_.leaves.end() && found->leaf == &leaf) {
      if (!found->sum.defined())
        found->sum = std::move(gradient);
      else if (gradient.defined())
        add_to(found->sum, gradient);
      if (--found->expected > 0 || !found->sum.defined()) return;
      gradient = std::exchange(found->sum, {});
    }
  }
  if (gradient.defined() && (captures_.empty() || capture_of(&leaf))) finish(leaf, std::move(gradient));
}

void Engine::finish(TensorImpl& leaf, Tensor&& gradient) {
  if (leaf.rare) [[unlikely]] {
    const Reference<HookList> hooks = leaf.rare->hooks;
    if (hooks) gradient = hooks->replaced(std::move(gradient));
  }
  if (!captures_.empty()) {
    capture_of(&leaf)->gradient = std::move(gradient);
    return;
  }
  if (leaf.needs_grad()) {  // still
    check<AutogradError>(!leaf.grad_fn && !(leaf.base && grad_fn_of(leaf)),
                         "leaf variable has been moved into the graph interior");
    accumulate(leaf, std::move(gradient));
  }
  if (leaf.rare) [[unlikely]] {
    const Reference<HookList> hooks = leaf.rare->accumulated_hooks;
    if (hooks) hooks->tell(Tensor(Reference<TensorImpl>::share(&leaf)));
  }
}

void Engine::walk(std::span<Root> roots) {
  discover(roots);
  for (Root& root : roots)
    if (root.edge.goes_somewhere()) deliver(root.edge, std::move(root.gradient));
  while (!work_.ready.empty()) {
    if (work_.ready.size() > 1) std::ranges::pop_heap(work_.ready, {}, &Node::sequence_);
    Node* const node = work_.ready.back();
    work_.ready.pop_back();
    process(node);
  }
  // Where a function left a gradient undefined, less has come than was expected.
  for (LeafSum& leaf : work_.leaves)
    if (leaf.sum.defined()) finish(*leaf.leaf, std::exchange(leaf.sum, {}));
}

void Engine::run(std::span<Root> roots, bool retain_graph, std::span<Capture> captures) {
  static thread_local std::unique_ptr<Work> idle;
  std::unique_ptr<Work> work = idle ? std::move(idle) : std::make_unique<Work>();
  {
    const NoGrad no_grad;
    Engine(*work, retain_graph, captures).walk(roots);
  }
  idle = std::move(work);
}

}  // namespace cairn
