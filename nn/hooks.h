// Functions of the user's that are called around a module's forward, its backward, its saving and its loading.
//
//   auto handle = model.fc1->register_forward_hook(
//       [](nn::Module& module, const std::vector<Tensor>& inputs, const Tensor& output) { ... });
//   ...
//   handle.remove();
//
//   fc(x):   forward pre-hooks ─► forward ─► forward hooks           the gradients of the outputs arrive:
//            may replace the        │        may replace the         full backward pre-hooks may replace them;
//            tensors given          ▼        tensors returned        the gradients of the inputs are known:
//                                 output                             full backward hooks may replace those
//
// Hooks run where a module is called: by `child(x)` and `module(x)`, of whatever signature; a class that declares an
// `operator()` of its own says `return nn::call(*this, ...)` in it. They see the tensors among the arguments and in the
// result, in order: also those inside a vector, a tuple, a pair or an optional. A hook that returns nothing, an
// undefined tensor or an empty vector leaves them as they are. A module without hooks pays one null pointer for them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <cairn/core/state_dict.h>
#include <cairn/core/stateful.h>
#include <cairn/core/tensor.h>

namespace cairn::nn {

class Module;
struct ModuleHooks;

/// Takes a hook away again. May be copied, kept longer than the module, or dropped, which leaves the hook where it is.
class RemovableHandle {
 public:
  RemovableHandle() = default;
  void remove();  ///< Harmless when the hook or its module is gone already.

  RemovableHandle(std::weak_ptr<ModuleHooks> hooks, std::uint64_t id) : hooks_(std::move(hooks)), id_(id) {}

 private:
  std::weak_ptr<ModuleHooks> hooks_;
  std::uint64_t id_ = 0;
};

/// What a hook before loading sees of its module, and may change.
struct LoadStateDictArguments {
  StateDict& state_dict;      ///< The keys that begin with `prefix`; what is changed, this module and those below load.
  const std::string& prefix;  ///< "" or "layer1.0."
  const Dict& local_metadata;              ///< What the metadata records for the module: its "version".
  bool strict;                             ///< Always true, as in PyTorch.
  std::vector<std::string>& missing_keys;  ///< What is added here and below is reported.
  std::vector<std::string>& unexpected_keys;
  std::vector<std::string>& error_msgs;
};

using Tensors = std::vector<Tensor>;
using ForwardPreHook = std::function<Tensors(Module& module, const Tensors& inputs)>;
using ForwardHook = std::function<Tensors(Module& module, const Tensors& inputs, const Tensors& outputs)>;
using BackwardPreHook = std::function<Tensors(Module& module, const Tensors& grad_output)>;
using BackwardHook = std::function<Tensors(Module& module, const Tensors& grad_input, const Tensors& grad_output)>;
using StateDictPreHook = std::function<void(Module& module, const std::string& prefix, bool keep_vars)>;
using StateDictPostHook =
    std::function<void(Module& module, StateDict& state_dict, const std::string& prefix, Dict& local_metadata)>;
using LoadStateDictPreHook = std::function<void(Module& module, const LoadStateDictArguments& arguments)>;
using LoadStateDictPostHook = std::function<void(Module& module, LoadPlan& plan)>;

namespace detail {

[[noreturn]] void throw_not_one_output(std::size_t count);

/// What a hook returned, as a vector: empty if it changes nothing.
template <class F, class... Args>
Tensors result_of_hook(F& hook, Args&&... args) {
  using Result = std::invoke_result_t<F&, Args...>;
  if constexpr (std::is_void_v<Result>) {
    hook(std::forward<Args>(args)...);
    return {};
  } else if constexpr (std::is_convertible_v<Result, Tensor>) {
    Tensor result = hook(std::forward<Args>(args)...);
    return result.defined() ? Tensors{std::move(result)} : Tensors{};
  } else {
    return hook(std::forward<Args>(args)...);
  }
}

/// A hook of the user's, which may return nothing, a tensor or several, as one that returns several.
template <class F>
auto returning_tensors(F hook) {
  return [hook = std::move(hook)](auto&... args) mutable { return result_of_hook(hook, args...); };
}

/// A forward hook may take the output as the one tensor that most modules return.
template <class F>
ForwardHook forward_hook(F hook) {
  if constexpr (std::is_invocable_v<F&, Module&, const Tensors&, const Tensors&>) {
    return returning_tensors(std::move(hook));
  } else {
    return [hook = std::move(hook)](Module& module, const Tensors& inputs, const Tensors& outputs) mutable {
      if (outputs.size() != 1) throw_not_one_output(outputs.size());
      return result_of_hook(hook, module, inputs, outputs.front());
    };
  }
}

template <class Hook>
using HookList = std::vector<std::pair<std::uint64_t, Hook>>;

}  // namespace detail

/// The hooks of one module, in the order they run in.
struct ModuleHooks {
  Module* module = nullptr;  ///< Whose they are; it may move.
  std::uint64_t registered = 0;
  detail::HookList<ForwardPreHook> forward_pre;
  detail::HookList<ForwardHook> forward;
  detail::HookList<BackwardPreHook> backward_pre;
  detail::HookList<BackwardHook> backward;
  detail::HookList<StateDictPreHook> state_dict_pre;
  detail::HookList<StateDictPostHook> state_dict_post;
  detail::HookList<LoadStateDictPreHook> load_pre;
  detail::HookList<LoadStateDictPostHook> load_post;
};

namespace detail {

/// One call of a module that has hooks.
class HookedCall {
 public:
  explicit HookedCall(std::shared_ptr<ModuleHooks> hooks) : hooks_(std::move(hooks)) {}

  /// What forward is to be given, as many tensors as `inputs`.
  const Tensors& before(Tensors inputs);
  /// What the caller is to be given.
  Tensors after(Tensors outputs);

 private:
  struct Backward;

  std::shared_ptr<ModuleHooks> hooks_;
  Tensors inputs_;
  std::shared_ptr<Backward> backward_;  ///< Set when there are backward hooks.
};

}  // namespace detail
}  // namespace cairn::nn
