// The life of a node: made by an operation that leaves something behind, kept by the tensor it made and by the nodes
// that came after, freed when the last of these goes.
//
//   y ──► [relu] ──► [linear] ──► ...        y dropped: relu's count is 0, it goes, then linear's is 0, ...
//
// Done naively the freeing of one node frees the next from inside itself, and a graph of 100,000 nodes overflows the
// stack. So a node that is to be freed is put on a list of the thread's; whoever put the first one there empties it.
//
// Nodes are numbered as they are made. A number is higher than those of all nodes below, also where these were made on
// another thread, so that backward() need only take the highest first (engine.cpp).
#include <new>

#include <cairn/core/autograd.h>
#include <cairn/core/autograd/anomaly.h>
#include <cairn/core/autograd/hook_list.h>
#include <cairn/core/autograd/texts.h>
#include <cairn/core/graph.h>

namespace cairn {

Node::Node(const char* name, GradientFunction gradient, const TensorImpl& output, Edge* edges, int edge_count)
    : name_(name),
      gradient_(gradient),
      sequence_(++thread_state.sequence),
      edges_(edges ? edges : inline_edges_),
      edge_count_(edge_count),
      dtype_(output.dtype),
      shape_(output.shape) {
  for (int i = 0; i < edge_count; ++i) ::new (&edges_[i]) Edge;
}

Node::~Node() {
  free_saved();
  for (int i = 0; i < edge_count_; ++i) edges_[i].~Edge();
  if (edges_ != inline_edges_) thread_state.pool.release(edges_, static_cast<std::size_t>(edge_count_) * sizeof(Edge));
}

Reference<Node> Node::make(const char* name, GradientFunction gradient, const TensorImpl& output, int edges) {
  Edge* list = nullptr;
  if (edges > inline_edges) [[unlikely]]
    list = static_cast<Edge*>(thread_state.pool.allocate(static_cast<std::size_t>(edges) * sizeof(Edge)));
  return Reference<Node>::adopt(new (thread_state.pool.allocate(sizeof(Node)))
                                    Node(name, gradient, output, list, edges));
}

void Node::destroy(Node* node) noexcept {
  node->next_ = thread_state.nodes_to_free;
  thread_state.nodes_to_free = node;
  if (thread_state.freeing_nodes) return;
  thread_state.freeing_nodes = true;
  while (Node* current = thread_state.nodes_to_free) {
    thread_state.nodes_to_free = current->next_;
    current->~Node();
    thread_state.pool.release(current, sizeof(Node));
  }
  thread_state.freeing_nodes = false;
}

void Node::connect(int i, TensorImpl& input) { connect(i, input, grad_fn_of(input)); }

void Node::connect(int i, TensorImpl& input, Node* from) {
  if (from) {
    edges_[i].node = Reference<Node>::share(from);
    needed_ |= bit(i);
    if (from->sequence_ >= sequence_) [[unlikely]]
      thread_state.sequence = sequence_ = from->sequence_ + 1;
  } else if (input.requires_grad) {
    edges_[i].leaf = Reference<TensorImpl>::share(&input);
    needed_ |= bit(i);
  }  // else a view made under NoGrad of something that requires a gradient: it does, too, but nothing reaches it
}

Node* record_wanted(Tensor& output, const char* name, GradientFunction gradient, Inputs inputs) {
  TensorImpl& impl = *output.impl();
  if (!is_floating_point(impl.dtype)) return nullptr;
  impl.grad_fn = Node::make(name, gradient, impl, static_cast<int>(inputs.size()));
  Node* const node = impl.grad_fn.get();
  int i = 0;
  for (const Tensor* input : inputs) {
    if (input && input->defined()) node->connect(i, *input->impl());
    ++i;
  }
  if (thread_state.anomaly) [[unlikely]]
    note_nan(output, name, inputs);
  return node;
}

Edge edge_to(TensorImpl& tensor) {
  if (Node* node = grad_fn_of(tensor)) return {Reference<Node>::share(node), {}};
  return {{}, tensor.requires_grad ? Reference<TensorImpl>::share(&tensor) : Reference<TensorImpl>()};
}

std::uint64_t Node::all_edges() const {
  std::uint64_t bits = 0;
  for (int i = 0; i < edge_count_; ++i)
    if (edges_[i].goes_somewhere()) bits |= bit(i);
  return bits;
}

const Shape& Node::input_shape(int i) const {
  const Edge& edge = edges_[i];
  if (edge.node) return edge.node->shape_;
  return edge.leaf ? edge.leaf->shape : shape_;  // neither: a change of a view in place, whose input looks like it
}

void Node::free_what_is_saved() noexcept {
  for (int i = 0; i < saved_count_; ++i) saved_[i].~SavedTensor();
  freed_ = freed_ || saved_count_ > 0;
  saved_count_ = 0;
  if (rare_ && rare_->view) rare_->view->change = {};
}

void Node::throw_unusable(int i) const {
  check<AutogradError>(!freed_, second_backward_text);
  const SavedTensor& saved = saved_[i];
  TensorImpl& tensor = *saved.tensor.impl();
  const Node* from = saved.is_output ? this : grad_fn_of(tensor);
  const char* const hint =
      thread_state.anomaly
          ? "the backtrace further above shows the operation that failed to compute its gradient. The variable in "
            "question was changed in there or anywhere later. Good luck!"
          : "enable anomaly detection to find the operation that failed to compute its gradient, with "
            "torch.autograd.set_detect_anomaly(True, check_nan=False).";
  throw AutogradError(
      text("one of the variables needed for gradient computation has been modified by an inplace operation: [",
           type_text(tensor), " ", Extents(tensor.shape), "]",
           from ? text(", which is output 0 of ", operation_text(*from), ",") : "", " is at version ",
           tensor.storage->version(), "; expected version ", saved.version, " instead. Hint: ", hint),
      {.hint = text("the gradient of ", name_, " needs the numbers from before; change a clone() of the tensor")});
}

}  // namespace cairn
