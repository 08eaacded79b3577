// What a Tensor handle points at. Inside core only; other layers use the Tensor.
#pragma once

#include <cstdint>

#include <cairn/core/deferred.h>
#include <cairn/core/storage.h>
#include <cairn/core/tensor.h>

namespace cairn {

class Node;

struct TensorImpl : Counted {
  Reference<Storage> storage;  ///< None for a deferred tensor.
  std::int64_t offset = 0;     ///< Of the first element in the storage, in elements.
  std::int64_t numel = 0;
  Shape shape;
  Shape strides;
  DType dtype = DType::float32;
  Device device;
  bool contiguous = true;
  bool requires_grad = false;  ///< Asked for by the user: of a leaf.
  bool is_parameter = false;   ///< Declared as nn::Parameter: prints as one, and files record it.
  bool is_view = false;        ///< Made as a view of another tensor.
  std::uint32_t graph_version =
      0;  ///< The storage's version when `grad_fn` was made: of a view, to notice a stale one.
  Reference<Node> grad_fn;
  Tensor grad;
  Reference<TensorSource> source;  ///< Of a deferred tensor.
  std::uint64_t source_id = 0;

  static TensorImpl* make();
  static void destroy(TensorImpl* impl) noexcept;

  bool needs_grad() const { return requires_grad || static_cast<bool>(grad_fn); }
  void* data() const {
    void* start = storage->data();
    return start ? static_cast<char*>(start) + offset * static_cast<std::int64_t>(size_of(dtype)) : nullptr;
  }
  void set_shape(const Shape& new_shape, const Shape& new_strides);
};

/// A row-major tensor of undefined numbers.
Tensor make_tensor(const Shape& shape, DType dtype, Device device);

/// Another handle on the storage of `of`, outside the graph.
Tensor make_view(const Tensor& of, const Shape& shape, const Shape& strides, std::int64_t offset);

/// Gives `tensor` the storage, shape, strides, dtype and device of `data`; whoever holds the handle sees it. Gradient
/// and `requires_grad` stay. What `Module::to` moves parameters with. Throws for a tensor with a graph node.
void set_data(const Tensor& tensor, const Tensor& data);

/// Marks a tensor as a parameter (see TensorImpl::is_parameter).
void set_is_parameter(const Tensor& tensor, bool on = true);
bool is_parameter(const Tensor& tensor);

}  // namespace cairn
