// The node of the autograd graph (autograd.h draws it), for those who write operations.
//
//   Tensor y = make_tensor(...);
//   dispatch(Operation::mul, ...);
//   if (Node* node = record(y, "MulBackward0", mul_gradient, {&a, &b})) {
//     if (node->needs(0)) node->save(b);
//     if (node->needs(1)) node->save(a);
//   }
//
// A gradient function turns the gradient of the output into those of the inputs. It may leave them in the shape that
// broadcasting gave them: what flows along an edge is summed to the shape of the tensor at its end. One that it leaves
// undefined stands for zero.
//
// An operation that changes a tensor in place says so before and after:
//
//   check_inplace(a, {&b});
//   dispatch(...);
//   a.impl()->storage->bump_version();
//   if (Node* node = record_inplace(a, "MulBackward0", mul_gradient, {&a, &b})) ...
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
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
  const void* place() const { return node ? static_cast<const void*>(node.get()) : leaf.get(); }
};

/// A tensor that the gradient needs, with the version its numbers had.
struct SavedTensor {
  Tensor tensor;
  std::uint32_t version = 0;
  bool is_output = false;
};

/// How a view lies in its base, and for CopySlices what was done to it (autograd/inplace.cpp).
struct ViewInBase {
  Shape base_shape, base_strides, shape, strides;
  std::int64_t offset;  ///< Of the view's first element from the base's, in elements.
  Reference<Node> change;
};

class Node : public Counted {
 public:
  static constexpr int inline_edges = 4;
  static constexpr int max_saved = 5;
  static constexpr std::size_t attribute_bytes = 64;

  /// A node whose output looks like `output`, with edges that go nowhere yet.
  static Reference<Node> make(const char* name, GradientFunction gradient, const TensorImpl& output, int edges);
  static void destroy(Node* node) noexcept;  // without recursion

  const char* name() const { return name_; }
  int edge_count() const { return edge_count_; }
  const Edge& edge(int i) const { return edges_[i]; }

  /// Makes edge i, which goes nowhere yet, lead to where `input` came from. Throws AutogradError for a view that must
  /// not be used any more.
  void connect(int i, TensorImpl& input);
  void connect(int i, TensorImpl& input, Node* from);  ///< Where that is known already.

  /// Whether anybody wants the gradient of input i. While a gradient function runs, that may be fewer than the graph
  /// has edges for: grad() computes nothing it was not asked for.
  bool needs(int i) const { return (needed_ & bit(i)) != 0 && (i < last_bit || edges_[i].goes_somewhere()); }
  const Shape& input_shape(int i) const;  ///< Of the tensor the edge leads to; only if `needs(i)`.
  const Shape& output_shape() const { return shape_; }
  DType output_dtype() const { return dtype_; }

  /// Keeps a tensor for the gradient; one that is this node's own output must be saved by `save_output`.
  void save(const Tensor& tensor) { keep(tensor, false); }
  void save_output(const Tensor& output) { keep(output.detach(), true); }

  /// The i-th tensor saved. Throws AutogradError, with PyTorch's text, when it was freed or overwritten since.
  const Tensor& saved(int i) const {
    const SavedTensor& saved = saved_[i];
    if (freed_ || (saved.tensor.defined() && saved.tensor.impl()->storage->version() != saved.version)) [[unlikely]]
      throw_unusable(i);
    return saved.tensor;
  }
  void free_saved() noexcept {
    if (saved_count_ > 0 || rare_) free_what_is_saved();
  }

  Reference<HookList>& hooks() { return rare().hooks; }  ///< Run on the gradient of the output, before it is used.
  void retain(Reference<RetainedGrad> retained) { rare().retained = std::move(retained); }  ///< Where to keep it, too.

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
  friend struct InPlace;

  /// What few nodes have.
  struct Rare {
    Reference<HookList> hooks;
    Reference<RetainedGrad> retained;
    std::unique_ptr<ViewInBase> view;
  };
  struct FreeRare {
    void operator()(Rare* rare) const noexcept;
  };

  static constexpr int last_bit = 63;
  static std::uint64_t bit(int i) { return std::uint64_t{1} << (i < last_bit ? i : last_bit); }
  std::uint64_t all_edges() const;
  bool leads_somewhere() const { return needed_ != 0 || captured_; }

  Node(const char* name, GradientFunction gradient, const TensorImpl& output, Edge* edges, int edge_count);
  ~Node();
  void keep(const Tensor& tensor, bool is_output) {
    const std::uint32_t version = tensor.defined() ? tensor.impl()->storage->version() : 0;
    ::new (&saved_[saved_count_++]) SavedTensor{tensor, version, is_output};
  }
  [[noreturn]] void throw_unusable(int i) const;
  void free_what_is_saved() noexcept;
  void check_saved() const {
    if (freed_) throw_unusable(0);
    for (int i = 0; i < saved_count_; ++i) saved(i);
  }
  Rare& rare() {
    if (!rare_) rare_.reset(new Rare);
    return *rare_;
  }

  const char* name_;
  GradientFunction gradient_;
  std::uint64_t sequence_ = 0;  // higher than that of every node below
  std::uint64_t needed_ = 0;    // bit i: see needs(i); the last bit stands for all the rest
  std::uint64_t run_ = 0;       // the backward() that was here last
  Edge* edges_;
  int edge_count_;
  std::uint8_t saved_count_ = 0;
  DType dtype_;  // of the output
  bool freed_ = false;
  bool narrowed_ = false;  // a grad() is under way that `needed_` or `captured_` belong to
  bool captured_ = false;
  Tensor gradient_so_far_;
  std::unique_ptr<Rare, FreeRare> rare_;
  Node* next_ = nullptr;  // in the list of nodes to look at, or to free
  Shape shape_;           // of the output
  union {
    Edge inline_edges_[inline_edges];
  };
  union {
    SavedTensor saved_[max_saved];  // made as they are saved
  };
  alignas(8) std::byte attributes_[attribute_bytes];
};

/// Whether something computed now from `tensor` must be remembered.
inline bool records(const Tensor& tensor) { return tensor.defined() && tensor.impl()->needs_grad(); }

/// The inputs of an operation; null or undefined: none in that place.
using Inputs = std::span<const Tensor* const>;

inline bool any_records(Inputs tensors) {
  for (const Tensor* tensor : tensors)
    if (tensor && records(*tensor)) return true;
  return false;
}

Node* record_wanted(Tensor& output, const char* name, GradientFunction gradient, Inputs inputs);

/// Makes `output` the result of a new node with edges to `inputs`, or returns null when no gradient is wanted: gradient
/// mode is off, or no input requires one.
inline Node* record(Tensor& output, const char* name, GradientFunction gradient, Inputs inputs) {
  if (!thread_state.grad_enabled || !any_records(inputs)) return nullptr;
  return record_wanted(output, name, gradient, inputs);
}
inline Node* record(Tensor& output, const char* name, GradientFunction gradient,
                    std::initializer_list<const Tensor*> inputs) {
  return record(output, name, gradient, Inputs(inputs.begin(), inputs.size()));
}

/// The node a tensor was computed by, null for a leaf: as `tensor.grad_fn`, but brought up to date for a view whose
/// base was changed in place. Throws AutogradError for a view that must not be used any more.
Node* view_grad_fn(TensorImpl& view, std::uint32_t version);
inline Node* grad_fn_of(TensorImpl& tensor) {
  if (tensor.base) [[unlikely]]
    return view_grad_fn(tensor, tensor.storage->version());
  return tensor.grad_fn.get();
}

/// Whether a node computed the tensor; of a view that was made under NoGrad, without asking what became of its base.
inline bool has_history(TensorImpl& tensor) {
  return tensor.grad_fn || (tensor.origin != ViewOrigin::without_grad_mode && grad_fn_of(tensor));
}

/// Where the gradient of `tensor` goes. Throws AutogradError for a view that must not be used any more.
Edge edge_to(TensorImpl& tensor);

/// Whether a tensor whose elements share memory may be written. Nothing but a fill has one meaning there.
enum class Overlap : bool { refused, allowed };

/// To be called before `tensor` is changed in place by an operation that also reads `others`: throws AutogradError
/// where autograd forbids it, and ValueError where several elements lie at one address.
void check_inplace(const Tensor& tensor, Inputs others, Overlap overlap = Overlap::refused);
inline void check_inplace(const Tensor& tensor, std::initializer_list<const Tensor*> others = {},
                          Overlap overlap = Overlap::refused) {
  check_inplace(tensor, Inputs(others.begin(), others.size()), overlap);
}

/// As `record`, for an operation that wrote its result into `self`, which is inputs[0] too, and has bumped the
/// storage's version once. What `self` was before gets gradients[0]; undefined stands for zero.
Node* record_inplace(const Tensor& self, const char* name, GradientFunction gradient, Inputs inputs);
inline Node* record_inplace(const Tensor& self, const char* name, GradientFunction gradient,
                            std::initializer_list<const Tensor*> inputs) {
  return record_inplace(self, name, gradient, Inputs(inputs.begin(), inputs.size()));
}

/// Records `view` as `of.as_strided(...)`.
void record_as_strided(Tensor& view, const Tensor& of);

/// Notes that `view` is the `number`-th of several views that one operation returned: they may not be changed in place.
void set_one_of_several(const Tensor& view, std::uint32_t number);

/// The gradient summed over the dimensions in which `shape` was broadcast to its shape.
Tensor sum_to_shape(const Tensor& gradient, const Shape& shape);

/// Whether nobody else holds the numbers, so that they may be kept or written.
inline bool is_ours(const Tensor& tensor) {
  const TensorImpl& impl = *tensor.impl();
  if (impl.use_count() != 1 || !impl.contiguous) return false;
  // A view shares its storage with its base, which may be a tensor that nobody but the view knows.
  return impl.base ? impl.base->use_count() == 1 && impl.storage->use_count() == 2 : impl.storage->use_count() == 1;
}

/// The tensor if it is_ours(), no view any more; else a copy.
inline Tensor own(Tensor&& tensor) {
  if (!is_ours(tensor)) return tensor.clone();
  tensor.impl()->base = {};
  tensor.impl()->origin = ViewOrigin::tracked;
  return std::move(tensor);
}

}  // namespace cairn
