// What a Tensor handle points at. Inside core only; other layers use the Tensor.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include <cairn/core/deferred.h>
#include <cairn/core/hooks.h>
#include <cairn/core/storage.h>
#include <cairn/core/tensor.h>

namespace cairn {

class Node;
struct RetainedGrad;  // autograd/hook_list.h

inline Counted* counted(RetainedGrad* retained) { return reinterpret_cast<Counted*>(retained); }
void destroy_counted(RetainedGrad* retained) noexcept;

/// How a view came to be, which decides whether it may be changed in place (autograd/inplace.cpp).
enum class ViewOrigin : std::uint8_t {
  tracked,            ///< By an operation that autograd follows.
  without_grad_mode,  ///< Under NoGrad, or as a view of such a view.
  one_of_several,     ///< By an operation that returns several views of one tensor.
};

/// What few tensors have.
struct RareParts {
  static void* operator new(std::size_t size);
  static void operator delete(void* memory, std::size_t size) noexcept;

  Reference<TensorSource> source;  ///< Of a deferred tensor.
  std::uint64_t source_id = 0;
  Reference<HookList> hooks;              ///< Of a leaf: run on its gradient, before that is added.
  Reference<HookList> accumulated_hooks;  ///< Of a leaf: run when its gradient has been added.
  Reference<RetainedGrad> retained;       ///< Of a result: its gradient, which retain_grad() asked for.
};

struct FreeRareParts {
  void operator()(RareParts* parts) const noexcept;  // out of line: few tensors have any
};

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
  bool is_view = false;        ///< Looks at numbers that another tensor was made with.
  ViewOrigin origin = ViewOrigin::tracked;
  std::atomic<std::uint32_t> graph_version = 0;  ///< Of a view: the storage's version that `grad_fn` belongs to.
  std::uint32_t view_number = 0;                 ///< Of one of several views.
  Reference<Node> grad_fn;     ///< What computed it. Of a view it may be out of date: ask grad_fn_of() (graph.h).
  Reference<TensorImpl> base;  ///< Of a view that autograd follows: what it looks at, itself no such view.
  Tensor grad;
  std::unique_ptr<RareParts, FreeRareParts> rare;
  View view;  ///< The above as kernels see it; set with the storage.

  /// Without storage yet, `numel` and `contiguous` to be set.
  static Reference<TensorImpl> make(const Shape& shape, const Shape& strides, DType dtype, Device device);
  static void destroy(TensorImpl* impl) noexcept;

  TensorImpl(const Shape& shape, const Shape& strides, DType dtype, Device device);
  bool needs_grad() const { return requires_grad || grad_fn || (base && (base->requires_grad || base->grad_fn)); }
  void* data() const { return view.data; }

  /// Gives it numbers, which begin at `offset`; null: none. After that, and after shape, strides or dtype have changed,
  /// `view` is right again.
  void set_storage(Reference<Storage> numbers, std::int64_t first_element = 0) {
    storage = std::move(numbers);
    offset = first_element;
    char* const start = storage ? static_cast<char*>(storage->data()) : nullptr;  // null: on meta there are none
    view = {start ? start + offset * static_cast<std::int64_t>(size_of(dtype)) : nullptr,
            shape.data(),
            strides.data(),
            shape.rank(),
            dtype,
            contiguous};
  }
  void set_shape(const Shape& new_shape, const Shape& new_strides);  ///< To be followed by set_storage.
  void measure();  ///< Sets `numel` and `contiguous`. To be followed by set_storage.
  RareParts& rare_parts() {
    if (!rare) rare.reset(new RareParts);
    return *rare;
  }
};

/// A row-major tensor of undefined numbers.
Tensor make_tensor(const Shape& shape, DType dtype, Device device);

/// A view that autograd follows: another handle on the storage of `of`, which knows what it looks at. It has no history
/// until `record` gives it one.
Tensor make_view(const Tensor& of, const Shape& shape, const Shape& strides, std::int64_t offset);

/// Another handle on the storage of `of`, of which autograd knows nothing.
Tensor make_alias(const Tensor& of, const Shape& shape, const Shape& strides, std::int64_t offset);

/// Gives `tensor` the storage, shape, strides, dtype and device of `data`; whoever holds the handle sees it. Gradient
/// and `requires_grad` stay. What `Module::to` moves parameters with. Throws for a tensor with a graph node.
void set_data(const Tensor& tensor, const Tensor& data);

/// Marks a tensor as a parameter (see TensorImpl::is_parameter).
void set_is_parameter(const Tensor& tensor, bool on = true);
bool is_parameter(const Tensor& tensor);

}  // namespace cairn
