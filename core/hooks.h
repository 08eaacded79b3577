// Functions of the user's that are called when a gradient arrives at a tensor.
//
//   HookHandle handle = h.register_hook([](const Tensor& gradient) { return gradient * 0.5; });
//   ...
//   handle.remove();
//
// Tensor::register_hook and register_post_accumulate_grad_hook (tensor.h) say when they run. A tensor without hooks
// pays one null pointer for them.
#pragma once

#include <cstdint>

#include <cairn/core/reference.h>

namespace cairn {

struct HookList;  // autograd/hook_list.h
inline Counted* counted(HookList* list) { return reinterpret_cast<Counted*>(list); }
void destroy_counted(HookList* list) noexcept;

/// Takes a hook away again. May be copied, kept longer than the tensor, or dropped, which leaves the hook where it is.
class HookHandle {
 public:
  HookHandle() = default;
  void remove();  ///< Once it has returned the hook is not called again. Harmless when the hook is gone already.

  HookHandle(Reference<HookList> list, std::uint64_t id) : list_(std::move(list)), id_(id) {}  ///< For core.

 private:
  Reference<HookList> list_;
  std::uint64_t id_ = 0;
};

}  // namespace cairn
