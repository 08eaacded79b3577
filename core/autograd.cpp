#include <cairn/core/autograd.h>

#include <algorithm>
#include <atomic>
#include <new>
#include <vector>

#include <cairn/core/graph.h>
#include <cairn/core/ops.h>

namespace cairn {

// Gradient mode.

bool is_grad_enabled() { return thread_state.grad_enabled; }
NoGrad::NoGrad() : before_(thread_state.grad_enabled) { thread_state.grad_enabled = false; }
NoGrad::~NoGrad() { thread_state.grad_enabled = before_; }
EnableGrad::EnableGrad() : before_(thread_state.grad_enabled) { thread_state.grad_enabled = true; }
EnableGrad::~EnableGrad() { thread_state.grad_enabled = before_; }

std::string grad_fn_name(const Node& node) { return node.name(); }

// Nodes.

Node::Node(const char* name, GradientFunction gradient, const Tensor& output, int edges)
    : name_(name),
      gradient_(gradient),
      shape_(output.shape()),
      edges_(inline_edges_),
      edge_count_(edges),
      dtype_(output.dtype()) {
  if (edges > inline_edges) edges_ = new Edge[static_cast<std::size_t>(edges)];
}

Node::~Node() {
  if (edges_ != inline_edges_) delete[] edges_;
}

Node* Node::make(const char* name, GradientFunction gradient, const Tensor& output, int edges) {
  return new (thread_state.pool.allocate(sizeof(Node))) Node(name, gradient, output, edges);
}

void Node::destroy(Node* node) noexcept {
  // A saved tensor may hold the last handle of a node's output, but never the last count of the node: an edge beside it
  // holds one too. So tensors go first, and nodes whose last edge went are queued here instead of being freed in turn.
  Node* queue = node;
  node->next_to_free_ = nullptr;
  while (queue) {
    Node* current = queue;
    queue = current->next_to_free_;
    current->free_saved();
    current->gradient_so_far_ = Tensor();
    for (int i = 0; i < current->edge_count_; ++i) {
      current->edges_[i].leaf = {};
      Node* below = current->edges_[i].node.detach();
      if (below && below->release()) {
        below->next_to_free_ = queue;
        queue = below;
      }
    }
    current->~Node();
    thread_state.pool.release(current, sizeof(Node));
  }
}

const Shape& Node::input_shape(int i) const { return edges_[i].node ? edges_[i].node->shape_ : edges_[i].leaf->shape; }

const Tensor& Node::saved(int i) const {
  check<AutogradError>(
      !freed_,
      "Trying to backward through the graph a second time (or directly access saved tensors after they have "
      "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
      "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or if "
      "you need to access saved tensors after calling backward.");
  const SavedTensor& saved = saved_[i];
  if (saved.tensor.defined() && saved.tensor.impl()->storage->version() != saved.version) [[unlikely]] {
    throw AutogradError(text(
        "one of the variables needed for gradient computation has been modified by an inplace operation: [",
        saved.tensor.dtype(), " ", bracketed(saved.tensor.shape()), "], which is needed by ", name_, ", is at version ",
        saved.tensor.impl()->storage->version(), "; expected version ", saved.version, " instead."));
  }
  return saved.tensor;
}

void Node::free_saved() noexcept {
  for (int i = 0; i < saved_count_; ++i) saved_[i].tensor = Tensor();
  freed_ = saved_count_ > 0;
}

// Recording.

namespace {

void set_edge(Edge& edge, const Tensor* input) {
  if (!input || !records(*input)) return;
  TensorImpl* impl = input->impl();
  if (impl->is_view && impl->grad_fn && impl->graph_version != impl->storage->version()) [[unlikely]] {
    throw AutogradError(
        "a view was used after the tensor it looks at had been changed in place: its place in the graph is out of "
        "date; take "
        "the view again after the change, or change a copy");
  }
  if (impl->grad_fn)
    edge.node = impl->grad_fn;
  else
    edge.leaf = Reference<TensorImpl>::share(impl);
}

Node* make_recorded(const Tensor& output, const char* name, GradientFunction gradient,
                    std::initializer_list<const Tensor*> inputs) {
  if (!thread_state.grad_enabled) return nullptr;
  bool wanted = false;
  for (const Tensor* input : inputs) wanted = wanted || (input && records(*input));
  if (!wanted || !is_floating_point(output.dtype())) return nullptr;
  Reference<Node> node = Reference<Node>::adopt(Node::make(name, gradient, output, static_cast<int>(inputs.size())));
  int i = 0;
  for (const Tensor* input : inputs) set_edge(node->edge(i++), input);
  return node.detach();
}

}  // namespace

Node* record(Tensor& output, const char* name, GradientFunction gradient, std::initializer_list<const Tensor*> inputs) {
  Node* node = make_recorded(output, name, gradient, inputs);
  if (!node) return nullptr;
  output.impl()->grad_fn = Reference<Node>::adopt(node);
  output.impl()->graph_version = output.impl()->storage->version();
  return node;
}

Node* record(Tensor& output, const char* name, GradientFunction gradient, std::span<const Tensor> inputs) {
  if (!thread_state.grad_enabled || !is_floating_point(output.dtype()) || std::ranges::none_of(inputs, records))
    return nullptr;
  Node* node = Node::make(name, gradient, output, static_cast<int>(inputs.size()));
  output.impl()->grad_fn = Reference<Node>::adopt(node);
  output.impl()->graph_version = output.impl()->storage->version();
  for (std::size_t i = 0; i < inputs.size(); ++i) set_edge(node->edge(static_cast<int>(i)), &inputs[i]);
  return node;
}

void check_inplace(const Tensor& tensor) {
  if (!thread_state.grad_enabled || !records(tensor)) return;
  check<AutogradError>(tensor.impl()->grad_fn || !tensor.impl()->requires_grad,
                       "a leaf Variable that requires grad is being used in an in-place operation.");
  check<AutogradError>(
      !tensor.impl()->is_view,
      "a view that is part of a graph is being changed in place, which autograd does not follow; change the "
      "tensor it looks at, or a clone() of the view");
}

Node* record_inplace(const Tensor& self, const char* name, GradientFunction gradient,
                     std::initializer_list<const Tensor*> inputs) {
  if (thread_state.grad_enabled && self.impl()->is_view) {
    for (const Tensor* input : inputs) {
      check<AutogradError>(
          !input || !records(*input),
          "a view is being given numbers that require a gradient, in place, which autograd does not follow; use "
          "the operation that returns a new tensor");
    }
  }
  Node* node = make_recorded(self, name, gradient, inputs);
  if (!node) return nullptr;
  self.impl()->grad_fn = Reference<Node>::adopt(node);
  self.impl()->graph_version = self.impl()->storage->version();
  return node;
}

Tensor sum_to_shape(const Tensor& gradient, const Shape& shape) {
  if (gradient.shape() == shape) return gradient;
  Shape dims;
  const int extra = gradient.dim() - shape.rank();
  for (int i = 0; i < gradient.dim(); ++i) {
    if (i < extra || (shape[i - extra] == 1 && gradient.shape()[i] != 1)) dims.push_back(i);
  }
  const Tensor summed = dims.empty() ? gradient : sum(gradient, dims, true);
  return summed.reshape(shape);
}

// Backward.

class Engine {
 public:
  static void run(Node* root, Tensor gradient, bool retain_graph);

 private:
  struct Buffers {
    std::vector<Node*> visited, ready;
    std::vector<Tensor> gradients;
  };

  static void discover(Node* root, Buffers& buffers);
  static void process(Node* node, Buffers& buffers, bool retain_graph);
  static void deliver(Edge& edge, Tensor gradient, Buffers& buffers);
  static void accumulate(TensorImpl& leaf, Tensor gradient);
};

namespace {

/// Whether nobody else holds the numbers, so that they may be kept or added to.
bool is_ours(const Tensor& tensor) {
  return tensor.impl()->use_count() == 1 && tensor.impl()->storage->use_count() == 1 && tensor.is_contiguous();
}

std::atomic<std::uint64_t> backward_calls{0};

}  // namespace

void Engine::discover(Node* root, Buffers& buffers) {
  const std::uint64_t call = 1 + backward_calls.fetch_add(1, std::memory_order_relaxed);
  const auto visit = [&](Node* node) {
    if (node->visited_by_ == call) return;
    node->visited_by_ = call;
    node->pending_ = 0;
    buffers.visited.push_back(node);
  };
  visit(root);
  for (std::size_t next = 0; next < buffers.visited.size(); ++next) {
    Node* node = buffers.visited[next];
    for (int i = 0; i < node->edge_count_; ++i) {
      if (Node* below = node->edges_[i].node.get()) {
        visit(below);
        ++below->pending_;
      }
    }
  }
}

void Engine::accumulate(TensorImpl& leaf, Tensor gradient) {
  if (leaf.grad.defined()) {
    leaf.grad.add_(gradient);
  } else {
    leaf.grad = is_ours(gradient) ? std::move(gradient) : gradient.clone();
  }
}

void Engine::deliver(Edge& edge, Tensor gradient, Buffers& buffers) {
  const Shape& shape = edge.node ? edge.node->shape_ : edge.leaf->shape;
  const DType dtype = edge.node ? edge.node->dtype_ : edge.leaf->dtype;
  if (gradient.dtype() != dtype) gradient = gradient.to(dtype);
  if (!(gradient.shape() == shape)) gradient = sum_to_shape(gradient, shape);
  if (!edge.node) return accumulate(*edge.leaf, std::move(gradient));
  Node* node = edge.node.get();
  Tensor& sum = node->gradient_so_far_;
  if (!sum.defined())
    sum = std::move(gradient);
  else if (is_ours(sum))
    sum.add_(gradient);
  else
    sum = add(sum, gradient);
  if (--node->pending_ == 0) buffers.ready.push_back(node);
}

void Engine::process(Node* node, Buffers& buffers, bool retain_graph) {
  const std::size_t count = static_cast<std::size_t>(node->edge_count_);
  if (buffers.gradients.size() < count) buffers.gradients.resize(count);
  {
    const Tensor gradient = std::move(node->gradient_so_far_);
    node->gradient_so_far_ = Tensor();
    node->gradient_(*node, gradient, buffers.gradients.data());
  }
  if (!retain_graph) node->free_saved();
  for (std::size_t i = 0; i < count; ++i) {
    Tensor gradient = std::move(buffers.gradients[i]);
    buffers.gradients[i] = Tensor();
    if (node->needs(static_cast<int>(i))) deliver(node->edges_[i], std::move(gradient), buffers);
  }
}

void Engine::run(Node* root, Tensor gradient, bool retain_graph) {
  static thread_local Buffers kept;
  Buffers buffers;
  std::swap(buffers, kept);  // so that a gradient function may itself call backward()
  struct PutBack {
    Buffers& buffers;
    ~PutBack() {
      for (Node* node : buffers.visited) node->gradient_so_far_ = Tensor();  // left over only after an error
      for (Tensor& tensor : buffers.gradients) tensor = Tensor();
      buffers.visited.clear();
      buffers.ready.clear();
      std::swap(buffers, kept);
    }
  } put_back{buffers};

  const NoGrad no_grad;
  discover(root, buffers);
  root->gradient_so_far_ = std::move(gradient);
  buffers.ready.push_back(root);
  while (!buffers.ready.empty()) {
    Node* node = buffers.ready.back();
    buffers.ready.pop_back();
    process(node, buffers, retain_graph);
  }
}

void Tensor::backward(const Tensor& gradient, bool retain_graph) const {
  check<AutogradError>(records(*this), "element 0 of tensors does not require grad and does not have a grad_fn");
  Tensor start = gradient;
  if (!start.defined()) {
    check<AutogradError>(numel() == 1, "grad can be implicitly created only for scalar outputs");
    start = ones(shape(), {.dtype = dtype(), .device = device()});
  }
  check<AutogradError>(start.shape() == shape(), "Mismatch in shape: grad_output[0] has a shape of ", start.shape(),
                       " and output[0] has a shape of ", shape(), ".");
  check<DeviceError>(start.device() == device(), "backward: the gradient given is on ", start.device(),
                     ", but the tensor is on ", device());
  if (start.dtype() != dtype()) {
    const NoGrad no_grad;
    start = start.to(dtype());
  }
  if (grad_fn()) {
    const Reference<Node> root = impl_->grad_fn;  // the tensor itself may go while its graph is walked
    Engine::run(root.get(), start, retain_graph);
  } else {
    const NoGrad no_grad;
    if (grad().defined())
      grad().add_(start);
    else
      set_grad(start.clone());
  }
}

}  // namespace cairn
