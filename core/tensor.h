// A tensor: numbers of one type, on one device, in a shape, that remember how they were computed.
//
// A `Tensor` is a handle. Copying it copies the handle, as in Python: both then name the same numbers. A module and its
// state dict share a weight that way, and that is why loading a state dict writes *into* tensors and never replaces
// them.
//
//   Tensor ──► TensorImpl                       Storage
//              shape, strides, offset  ──────►  ┌────────┬──────────────────────┐
//              requires_grad, grad              │ count, │ numbers, 64-byte     │
//              graph node it came from          │ version│ aligned and padded   │
//                                               └────────┴──────────────────────┘
//
// Several TensorImpls may look at one Storage: those are views. The storage carries a version, bumped by whatever
// writes in place, so that a gradient which needs numbers that were overwritten says so instead of being wrong.
//
// A handle may be used by several threads at once for reading; writing needs the caller's own order, as for a vector.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <cairn/core/device.h>
#include <cairn/core/dtype.h>
#include <cairn/core/error.h>
#include <cairn/core/reference.h>
#include <cairn/core/shape.h>

namespace cairn {

struct TensorImpl;  // tensor_impl.h
class Storage;      // storage.h
class Node;         // graph.h
class HookHandle;   // hooks.h

// A handle counts without knowing what else a TensorImpl holds: the count comes first in it.
inline Counted* counted(TensorImpl* impl) { return reinterpret_cast<Counted*>(impl); }
void destroy_counted(TensorImpl* impl) noexcept;

/// A number given where a tensor could stand: `x * 2`, `full({3}, 0.5)`. Remembers whether it was whole.
struct Scalar {
  bool is_integer;
  bool is_boolean;
  std::int64_t integer;
  double floating;

  template <class T>
  requires std::is_integral_v<T> Scalar(T value)
      : is_integer(true),
        is_boolean(std::is_same_v<T, bool>),
        integer(static_cast<std::int64_t>(value)),
        floating(static_cast<double>(value)) {}
  Scalar(double value) : is_integer(false), is_boolean(false), integer(0), floating(value) {}
};

/// How a new tensor is made: `zeros({2, 3}, {.dtype = DType::int64})`.
struct TensorOptions {
  DType dtype = DType::float32;
  Device device = {};
  bool requires_grad = false;
};

class Tensor {
 public:
  Tensor() = default;  ///< No tensor: `defined()` is false, and nothing else may be asked.

  bool defined() const { return static_cast<bool>(impl_); }

  // What it looks like.
  const Shape& shape() const;
  const Shape& strides() const;            ///< In elements.
  std::int64_t storage_offset() const;     ///< In elements.
  int dim() const;                         ///< The number of dimensions.
  std::int64_t size(int dimension) const;  ///< One extent; a negative dimension counts from the end.
  std::int64_t numel() const;
  DType dtype() const;
  Device device() const;
  std::int64_t nbytes() const;  ///< numel() times the size of an element.
  bool is_contiguous() const;
  bool is_deferred() const;  ///< Whether the numbers are still in a file: see deferred.h.
  bool is_same(const Tensor& other) const { return impl_.get() == other.impl_.get(); }  ///< Python's `is`.
  bool shares_storage(const Tensor& other) const;
  std::uint64_t version() const;  ///< Counts the in-place changes of the storage.

  // The numbers.
  /// The elements of a contiguous tensor in host memory. Throws DTypeError unless `T` is the element type, DeviceError
  /// or ValueError when the numbers do not lie in host memory, row by row.
  template <class T>
  std::span<T> data() const {
    return {static_cast<T*>(checked_data(dtype_of<T>)), static_cast<std::size_t>(numel())};
  }
  void* raw_data() const;           ///< The first element, in device memory; null for meta.
  double item() const;              ///< The only element, as a double.
  std::int64_t item_int64() const;  ///< The only element, exactly, of an integer or bool tensor.

  // Autograd.
  bool requires_grad() const;
  Tensor& requires_grad_(bool on = true);  ///< Throws for a dtype without gradients, and for what is not a leaf.
  bool is_leaf() const;
  const Tensor& grad() const;        ///< What `backward()` left here; undefined before.
  void set_grad(Tensor grad) const;  ///< Of this tensor's shape, dtype and device; undefined clears it.
  void retain_grad() const;          ///< Of a result: `backward()` leaves its gradient in `grad()`, too.
  bool retains_grad() const;         ///< Whether retain_grad() was asked of a result.
  Tensor detach() const;             ///< The same numbers, outside the graph.
  const Tensor& detach_() const;     ///< Takes this tensor out of the graph. Throws for a view.
  Node* grad_fn() const;             ///< The node this was computed by; null for a leaf.

  /// Adds to the `grad` of every leaf this was computed from its part in the gradient of this, times `gradient`: of
  /// this tensor's shape; 1 for a tensor of one element. The graph is freed unless `retain_graph`. Throws
  /// AutogradError.
  void backward(const Tensor& gradient = {}, bool retain_graph = false) const;

  /// Calls `hook` with the gradient of this tensor whenever backward() or grad() has computed it, before it is used:
  /// the tensor that the hook returns replaces it, an undefined one leaves it. Hooks run in the order of registration,
  /// before a gradient is added to a leaf or kept by retain_grad(). A hook must not change the gradient in place, and
  /// one that holds this very tensor keeps it alive.
  HookHandle register_hook(std::function<Tensor(const Tensor& gradient)> hook) const;

  /// Calls `hook` with this leaf whenever backward() has added to its `grad`.
  HookHandle register_post_accumulate_grad_hook(std::function<void(const Tensor& leaf)> hook) const;

  // Views: the same numbers seen otherwise. A negative dimension counts from the end.
  Tensor view(const Shape& shape) const;     ///< One extent may be -1. Throws when only a copy could have this shape.
  Tensor reshape(const Shape& shape) const;  ///< As `view`, copying where it must.
  Tensor flatten(int start_dim = 0, int end_dim = -1) const;
  Tensor transpose(int dim0, int dim1) const;
  Tensor t() const;  ///< The transpose of a matrix; a vector or a scalar is its own.
  Tensor permute(const Shape& dims) const;
  Tensor select(int dim, std::int64_t index) const;
  Tensor operator[](std::int64_t index) const { return select(0, index); }
  Tensor narrow(int dim, std::int64_t start, std::int64_t length) const;
  Tensor slice(int dim, std::int64_t start, std::int64_t end, std::int64_t step = 1) const;
  std::vector<Tensor> split(std::int64_t size, int dim = 0) const;  ///< Parts of `size`; the last may be smaller.
  std::vector<Tensor> split(const Shape& sizes, int dim = 0) const;
  std::vector<Tensor> chunk(std::int64_t chunks, int dim = 0) const;  ///< At most so many parts, evenly.
  Tensor squeeze() const;                                             ///< Without its dimensions of extent 1.
  Tensor squeeze(int dim) const;
  Tensor unsqueeze(int dim) const;
  Tensor expand(const Shape& shape) const;  ///< Extents of 1 repeat with stride 0; -1 keeps an extent.
  Tensor as_strided(const Shape& shape, const Shape& strides,
                    std::int64_t offset) const;  ///< Any elements of the storage.
  Tensor contiguous() const;                     ///< Itself, or a row-major copy.

  // Copies.
  Tensor clone() const;
  Tensor to(DType dtype) const;  ///< Itself if it is of that dtype, else a converted copy; likewise for devices.
  Tensor to(Device device) const;
  Tensor to(const char* device) const { return to(Device(device)); }

  // In place: a trailing underscore marks what changes the numbers. Returns the tensor itself.
  const Tensor& copy_(const Tensor& source) const;  ///< Broadcasts, converts, crosses devices.
  const Tensor& fill_(Scalar value) const;
  const Tensor& zero_() const;
  const Tensor& add_(const Tensor& other) const;
  const Tensor& sub_(const Tensor& other) const;
  const Tensor& mul_(const Tensor& other) const;
  const Tensor& div_(const Tensor& other) const;
  const Tensor& pow_(const Tensor& exponent) const;
  const Tensor& add_(Scalar other) const;
  const Tensor& sub_(Scalar other) const;
  const Tensor& mul_(Scalar other) const;
  const Tensor& div_(Scalar other) const;
  const Tensor& pow_(Scalar exponent) const;
  const Tensor& neg_() const;
  const Tensor& abs_() const;
  const Tensor& exp_() const;
  const Tensor& log_() const;
  const Tensor& sqrt_() const;
  const Tensor& rsqrt_() const;
  const Tensor& tanh_() const;
  const Tensor& sigmoid_() const;
  const Tensor& erf_() const;
  const Tensor& relu_() const;
  const Tensor& leaky_relu_(double negative_slope = 0.01) const;
  const Tensor& clamp_(std::optional<Scalar> min, std::optional<Scalar> max = {}) const;
  const Tensor& clamp_(const Tensor& min, const Tensor& max = {}) const;
  const Tensor& masked_fill_(const Tensor& mask, Scalar value) const;
  const Tensor& masked_fill_(const Tensor& mask, const Tensor& value) const;
  const Tensor& scatter_add_(int dim, const Tensor& index, const Tensor& source) const;

  // Reductions; see ops.h for those over chosen dimensions.
  Tensor sum() const;
  Tensor mean() const;

  TensorImpl* impl() const { return impl_.get(); }  ///< For Cairn's own layers.
  explicit Tensor(Reference<TensorImpl> impl) : impl_(std::move(impl)) {}

 private:
  void* checked_data(DType dtype) const;

  Reference<TensorImpl> impl_;
};

// Made from nothing.
Tensor empty(const Shape& shape, const TensorOptions& options = {});  ///< Numbers undefined.
Tensor zeros(const Shape& shape, const TensorOptions& options = {});
Tensor ones(const Shape& shape, const TensorOptions& options = {});
Tensor full(const Shape& shape, Scalar value, const TensorOptions& options = {});
Tensor arange(std::int64_t end, const TensorOptions& options = {.dtype = DType::int64});  ///< 0, 1, ..., end - 1
/// start, start + step, ... before `end`. Without options int64 if all three are whole, else float32.
Tensor arange(Scalar start, Scalar end, Scalar step = 1, const std::optional<TensorOptions>& options = {});
Tensor linspace(double start, double end, std::int64_t steps, const TensorOptions& options = {});  ///< Both included.
Tensor eye(std::int64_t rows, std::optional<std::int64_t> columns = {}, const TensorOptions& options = {});
Tensor empty_like(const Tensor& like);
Tensor zeros_like(const Tensor& like);
Tensor ones_like(const Tensor& like);
Tensor full_like(const Tensor& like, Scalar value);

// Made from numbers, copied: `tensor({1.0f, 2.0f})`, `from_data(std::span(v), {2, 3})`.
template <class T>
Tensor from_data(std::span<const T> values, const Shape& shape, const TensorOptions& options = {});
Tensor scalar_tensor(Scalar value, const TensorOptions& options = {});
template <class T>
Tensor tensor(std::initializer_list<T> values);

/// Borrows host memory: `release(context)` is called when the last tensor on it is gone. The memory must be aligned for
/// the dtype; nothing beyond the `shape.numel()` elements is touched.
Tensor from_borrowed(void* memory, const Shape& shape, DType dtype, void (*release)(void*) = nullptr,
                     void* context = nullptr);

/// Bytes copied in as they are: `memory` holds `shape.numel()` elements of `dtype`, row by row.
Tensor from_bytes(const void* memory, const Shape& shape, DType dtype);

template <class T>
Tensor from_data(std::span<const T> values, const Shape& shape, const TensorOptions& options) {
  check<ShapeError>(static_cast<std::int64_t>(values.size()) == shape.numel(), "from_data: ", values.size(),
                    " values do not fill a shape of ", shape);
  Tensor made = from_bytes(values.data(), shape, dtype_of<T>).to(options.device);
  return options.requires_grad ? made.requires_grad_() : made;
}

template <class T>
Tensor tensor(std::initializer_list<T> values) {
  return from_data(std::span<const T>(values.begin(), values.size()), {static_cast<std::int64_t>(values.size())});
}

}  // namespace cairn
