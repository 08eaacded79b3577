// Hooks, and gradients that are kept for results.
//
// The hooks of a result belong to the node that computed it: after a change in place the tensor has a new node, and
// hooks registered before still see the gradient of what the tensor was then. A kept gradient belongs to the tensor,
// and moves to its new node (set_history in inplace.cpp). The hooks of a leaf belong to the leaf.
#include <algorithm>

#include <cairn/core/autograd.h>
#include <cairn/core/autograd/hook_list.h>
#include <cairn/core/autograd/texts.h>
#include <cairn/core/graph.h>

namespace cairn {

void destroy_counted(HookList* list) noexcept { delete list; }
void destroy_counted(RetainedGrad* retained) noexcept { delete retained; }
void FreeRareParts::operator()(RareParts* parts) const noexcept { delete parts; }
void Node::FreeRare::operator()(Rare* rare) const noexcept { delete rare; }

HookHandle HookList::add(Hook hook) {
  hooks_.emplace_back(++registered_, std::move(hook));
  return {Reference<HookList>::share(this), registered_};
}

void HookList::remove(std::uint64_t id) {
  std::erase_if(hooks_, [id](const auto& hook) { return hook.first == id; });
}

Tensor HookList::replaced(Tensor gradient) const {
  const auto hooks = hooks_;  // a hook may remove itself, or register another
  for (std::size_t i = 0; i < hooks.size(); ++i) {
    Tensor result = hooks[i].second(gradient);
    if (!result.defined()) continue;
    check<AutogradError>(result.shape() == gradient.shape(), "hook '", i, "' has changed the size of value");
    check<AutogradError>(result.dtype() == gradient.dtype() && result.device() == gradient.device(), "hook '", i,
                         "' has changed the type of value (was ", type_text(*gradient.impl()), " got ",
                         type_text(*result.impl()), ")");
    gradient = std::move(result);
  }
  return gradient;
}

void HookList::tell(const Tensor& leaf) const {
  const auto hooks = hooks_;
  for (const auto& hook : hooks) hook.second(leaf);
}

void HookHandle::remove() {
  if (list_) list_->remove(id_);
}

namespace {

HookList& list_in(Reference<HookList>& list) {
  if (!list) list = Reference<HookList>::adopt(new HookList);
  return *list;
}

}  // namespace

HookHandle Tensor::register_hook(std::function<Tensor(const Tensor&)> hook) const {
  check<AutogradError>(requires_grad(), "cannot register a hook on a tensor that doesn't require gradient");
  Node* const node = grad_fn();
  return list_in(node ? node->hooks() : impl_->rare_parts().hooks).add(std::move(hook));
}

HookHandle Tensor::register_post_accumulate_grad_hook(std::function<void(const Tensor&)> hook) const {
  check<AutogradError>(requires_grad(), "cannot register a hook on a tensor that doesn't require gradient");
  check<AutogradError>(is_leaf(), "post accumulate grad hooks cannot be registered on non-leaf tensors");
  return list_in(impl_->rare_parts().accumulated_hooks).add([hook = std::move(hook)](const Tensor& leaf) {
    hook(leaf);
    return Tensor();
  });
}

void Tensor::retain_grad() const {
  check<AutogradError>(requires_grad(), "can't retain_grad on Tensor that has requires_grad=False");
  if (retains_grad() || !has_history(*impl_)) return;
  Node* const node = grad_fn();
  RareParts& parts = impl_->rare_parts();
  parts.retained = Reference<RetainedGrad>::adopt(new RetainedGrad);
  parts.retained->grad = std::exchange(impl_->grad, {});
  node->retain(parts.retained);
}

bool Tensor::retains_grad() const { return impl_->rare && impl_->rare->retained; }

}  // namespace cairn
