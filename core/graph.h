// The node of the autograd graph (autograd.h draws it), for those who write operations.
//
//   Tensor y = make_tensor(...);
//   dispatch(Operation::mul, ...);
//   if (Node* node = record(y, "MulBackward0", mul_gradient, {&a, &b})) node->save(a), node->save(b);
//
// A gradient function turns the gradient of the output into those of the inputs. It may leave them in the shape that
// broadcasting gave them: what flows along an edge is summed to the shape of the tensor at its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <type_traits>

#include <cairn/core/tensor_impl.h>
#include <cairn/core/thread_state.h>

namespace cairn {

/// Sets `gradients[i]` for every i with `node.needs(i)`; called without gradient mode.
using GradientFunction = void (*)(Node& node, const Tensor& gradient, Tensor* gradients);

/// Where a gradient goes: to the node that made an input, or into the `grad` of a leaf. Neither: nowhere.
struct Edge {
  Reference<Node> node;
  Reference<TensorImpl> leaf;

  bool goes_somewhere() const { return node || leaf; }
};

/// A tensor that the gradient needs, with the version its numbers had.
struct SavedTensor {
  Tensor tensor;
  std::uint32_t version = 0;
};

class Node : public Counted {
 public:
  static constexpr int inline_edges = 4;
  static constexpr int max_saved = 5;
  static constexpr std::size_t attribute_bytes = 64;

  static Node* make(const char* name, GradientFunction gradient, const Tensor& output, int edges);
  static void destroy(Node* node) noexcept;  // without recursion

  const char* name() const { return name_; }
  int edge_count() const { return edge_count_; }
  Edge& edge(int i) { return edges_[i]; }
  bool needs(int i) const { return edges_[i].goes_somewhere(); }
  const Shape& input_shape(int i) const;  ///< Of the tensor the edge leads to; only if `needs(i)`.
  const Shape& output_shape() const { return shape_; }
  DType output_dtype() const { return dtype_; }

  /// Keeps a tensor for the gradient; one that is this node's own output must be saved by `save_output`.
  void save(const Tensor& tensor) {
    saved_[saved_count_++] = {tensor, tensor.defined() ? tensor.impl()->storage->version() : 0};
  }
  void save_output(const Tensor& output) { save(output.detach()); }

  /// The i-th tensor saved. Throws AutogradError, with PyTorch's text, when it was freed or overwritten since.
  const Tensor& saved(int i) const;
  void free_saved() noexcept;

  template <class T>
  void set_attributes(const T& attributes) {
    static_assert(sizeof(T) <= attribute_bytes && std::is_trivially_copyable_v<T>);
    std::memcpy(attributes_, &attributes, sizeof attributes);
  }
  template <class T>
  T attributes() const {
    T attributes;
    std::memcpy(&attributes, attributes_, sizeof attributes);
    return attributes;
  }

 private:
  friend class Engine;
  Node(const char* name, GradientFunction gradient, const Tensor& output, int edges);
  ~Node();

  const char* name_;
  GradientFunction gradient_;
  Shape shape_;  // of the output, with dtype and device
  Edge* edges_;
  int edge_count_;
  int saved_count_ = 0;
  DType dtype_;
  bool freed_ = false;
  std::uint32_t pending_ = 0;     // of a backward(): how many nodes have yet to send their gradient
  std::uint64_t visited_by_ = 0;  // the backward() that was here last
  Tensor gradient_so_far_;
  Node* next_to_free_ = nullptr;
  Edge inline_edges_[inline_edges];
  SavedTensor saved_[max_saved];
  alignas(8) std::byte attributes_[attribute_bytes];
};

/// Whether something computed now from `tensor` must be remembered.
inline bool records(const Tensor& tensor) { return tensor.defined() && tensor.impl()->needs_grad(); }

/// Makes `output` the result of a new node with edges to `inputs` (null or undefined: no edge), or returns null when no
/// gradient is wanted: gradient mode is off, or no input requires one.
Node* record(Tensor& output, const char* name, GradientFunction gradient, std::initializer_list<const Tensor*> inputs);
Node* record(Tensor& output, const char* name, GradientFunction gradient, std::span<const Tensor> inputs);

/// To be called before `tensor` is changed in place: throws where autograd forbids it.
void check_inplace(const Tensor& tensor);

/// As `record`, for an operation that wrote its result into `self`, which is inputs[0] too.
Node* record_inplace(const Tensor& self, const char* name, GradientFunction gradient,
                     std::initializer_list<const Tensor*> inputs);

/// The gradient summed over the dimensions in which `shape` was broadcast to its shape.
Tensor sum_to_shape(const Tensor& gradient, const Shape& shape);

}  // namespace cairn
