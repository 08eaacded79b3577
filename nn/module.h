// A module: a function with state, made of smaller modules. Its state is a tree of named tensors.
//
//   Net                              state_dict()
//   ├─ fc: Linear
//   │   ├─ weight                      "fc.weight"              a parameter: gradients reach it, the optimizer moves it
//   │   └─ bias                        "fc.bias"
//   └─ norm: BatchNorm1d
//       ├─ running_mean                "norm.running_mean"      a buffer: forward() moves it, no gradient reaches it
//       └─ running_var                 "norm.running_var"
//
// A state dict is that tree written flat: walk it, join the names on the way with dots, and list the tensors met. That
// is all it is. Because a `Tensor` is a handle, the dict shares its numbers with the module; to load one is to copy
// numbers into tensors that are already there, so an optimizer that holds the same tensors sees the new values.
//
//   struct Net : nn::Module {
//     nn::Child<nn::Linear> fc{this, "fc", 3, 5};
//     nn::Child<nn::BatchNorm1d> norm{this, "norm", 5};
//     Tensor forward(const Tensor& x) override { return norm(fc(x)); }
//   };
//
// Copying a module is a deep copy in which ties are kept. A class that writes its own copy constructor or assignment
// must copy every member it declares. Moving a module keeps its tensors.
#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <cairn/core/device.h>
#include <cairn/core/dtype.h>
#include <cairn/core/state_dict.h>
#include <cairn/core/stateful.h>
#include <cairn/core/tensor.h>
#include <cairn/nn/hooks.h>
#include <cairn/nn/load_options.h>
#include <cairn/nn/member.h>
#include <cairn/nn/parameter.h>

namespace cairn::nn {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

class Module : public Stateful {
 public:
  Module() = default;
  ~Module() override;

  /// What the module computes. Modules of one input override this; others declare a `forward` of their own.
  virtual Tensor forward(const Tensor& x);
  Tensor operator()(const Tensor& x) { return hooks_ ? call_with_hooks(x) : forward(x); }

  bool training = true;  ///< What `train` and `eval` set here and below.
  Module& train(bool mode = true);
  Module& eval() { return train(false); }

  // What there is. Names are dotted, `prefix` comes before them with a dot; what is tied is listed once, under its
  // first name, unless `remove_duplicate` is false.
  std::vector<Tensor> parameters(bool recurse = true) const;  ///< What an optimizer is given.
  NamedTensors named_parameters(const std::string& prefix = "", bool recurse = true,
                                bool remove_duplicate = true) const;
  std::vector<Tensor> buffers(bool recurse = true) const;
  NamedTensors named_buffers(const std::string& prefix = "", bool recurse = true, bool remove_duplicate = true) const;
  std::vector<Module*> children() const;  ///< Direct ones.
  std::vector<std::pair<std::string, Module*>> named_children() const;
  /// All direct ones: tied ones again, None as null.
  std::vector<std::pair<std::string, Module*>> child_table() const;
  std::vector<Module*> modules() const;  ///< This one and all below it.
  std::vector<std::pair<std::string, Module*>> named_modules(const std::string& prefix = "",
                                                             bool remove_duplicate = true) const;

  // By dotted path. Throw KeyError, with PyTorch's text, for what is not there or something else.
  Module& get_submodule(const std::string& path) const;  ///< "" is this.
  Parameter& get_parameter(const std::string& path) const;
  Buffer& get_buffer(const std::string& path) const;

  /// Replaces the module at `path`, or adds one to the module above it unless `strict`; null is None. Throws ValueError
  /// for an empty path, TypeError for a module that is not of the class the child was declared with.
  void set_submodule(const std::string& path, std::shared_ptr<Module> module, bool strict = false);

  // Members that are known only at run time; declared members need none of these. A member of that name and kind is
  // replaced. Throw as the declarations do; TypeError for a module that is not of the declared class.
  void register_parameter(const std::string& name, Tensor tensor, bool requires_grad = true);  ///< Undefined is None.
  void register_buffer(const std::string& name, Tensor tensor, bool persistent = true);
  void register_module(const std::string& name, std::shared_ptr<Module> module);  ///< Null is None.

  // Functions called around forward, backward, saving and loading; hooks.h explains what they see and may change. Those
  // with `prepend` run before the ones that are there.

  /// hook(Module&, const std::vector<Tensor>& inputs), which may return the inputs to take instead.
  template <class F>
  RemovableHandle register_forward_pre_hook(F hook, bool prepend = false) {
    return add_hook(&ModuleHooks::forward_pre, detail::returning_tensors(std::move(hook)), prepend);
  }
  /// hook(Module&, const std::vector<Tensor>& inputs, const Tensor& output), or with a vector of outputs; it may return
  /// the output to take instead.
  template <class F>
  RemovableHandle register_forward_hook(F hook, bool prepend = false) {
    return add_hook(&ModuleHooks::forward, detail::forward_hook(std::move(hook)), prepend);
  }
  /// hook(Module&, const std::vector<Tensor>& grad_output), which may return other gradients.
  template <class F>
  RemovableHandle register_full_backward_pre_hook(F hook, bool prepend = false) {
    return add_hook(&ModuleHooks::backward_pre, detail::returning_tensors(std::move(hook)), prepend);
  }
  /// hook(Module&, const std::vector<Tensor>& grad_input, const std::vector<Tensor>& grad_output), which may return
  /// other gradients of the inputs. Those of inputs that need none are undefined; if no input needs one, the hook runs
  /// when the gradients of the outputs have come.
  template <class F>
  RemovableHandle register_full_backward_hook(F hook, bool prepend = false) {
    return add_hook(&ModuleHooks::backward, detail::returning_tensors(std::move(hook)), prepend);
  }
  /// Before the module's entries are listed.
  RemovableHandle register_state_dict_pre_hook(StateDictPreHook hook) {
    return add_hook(&ModuleHooks::state_dict_pre, std::move(hook), false);
  }
  /// When the entries of the module and all below it are in `state_dict`, which it may change.
  RemovableHandle register_state_dict_post_hook(StateDictPostHook hook) {
    return add_hook(&ModuleHooks::state_dict_post, std::move(hook), false);
  }
  /// Before the module is matched with a state dict: the place to bring an old layout up to date.
  RemovableHandle register_load_state_dict_pre_hook(LoadStateDictPreHook hook) {
    return add_hook(&ModuleHooks::load_pre, std::move(hook), false);
  }
  /// When the module and all below it have been matched, and before anything has changed: it may edit the lists of
  /// `plan.report()`, which decide what is an error, and say with `plan.then(...)` what is to be done after the load.
  RemovableHandle register_load_state_dict_post_hook(LoadStateDictPostHook hook) {
    return add_hook(&ModuleHooks::load_post, std::move(hook), false);
  }
  const std::shared_ptr<ModuleHooks>& hooks() const { return hooks_; }  ///< Null: none. For call.h.

  // All of it at once. Tensors keep their identity: an optimizer that holds them stays right.
  Module& to(Device device);  ///< Parameters, buffers and gradients.
  Module& to(DType dtype);  ///< Floating-point ones; complex ones stay. Throws TypeError for a dtype that is no float.
  Module& half() { return to(DType::float16); }
  Module& bfloat16() { return to(DType::bfloat16); }
  Module& float_() { return to(DType::float32); }  ///< PyTorch's float(), which C++ keeps for itself.
  Module& double_() { return to(DType::float64); }
  Module& to_empty(Device device);  ///< As `to(device)`, with undefined numbers: the way out of meta.
  Module& requires_grad_(bool on = true);
  void zero_grad(bool set_to_none = true);
  Module& apply(const std::function<void(Module&)>& f);  ///< To every module, children first.

  // The state as named tensors. Handles of the live numbers, detached unless `keep_vars`.
  StateDict state_dict(const std::string& prefix = "", bool keep_vars = false) const;
  void state_dict(StateDict& destination, const std::string& prefix = "",
                  bool keep_vars = false) const;  ///< Adds to it.

  /// Matches `state`, a dict or state dict, with this module and changes nothing. Throws StateDictError with PyTorch's
  /// text, naming every key that is missing, unexpected or does not fit; TypeError if `state` is no dict. The plan must
  /// not outlive the module.
  LoadPlan plan_load(const Value& state, const LoadOptions& options);
  LoadPlan plan_load(const StateDict& state, const LoadOptions& options);

  /// `plan_load` and commit: all or nothing, as stateful.h says. The report prints as PyTorch's result.
  LoadReport load_state_dict(const Value& state, const LoadOptions& options = {});
  LoadReport load_state_dict(const StateDict& state, const LoadOptions& options = {});

  Value state() const override;                     ///< The state dict.
  LoadPlan plan_load(const Value& state) override;  ///< With the default options.

  /// The module that this one only wraps, as data-parallel or compiled ones do; null for all others. See `unwrap`.
  virtual Module* wrapped() { return nullptr; }

  virtual std::string repr() const;  ///< The tree, as PyTorch prints it.

  // What a class may say of itself.
  virtual std::string name() const;                      ///< The class's name, without namespaces, unless overridden.
  virtual std::string extra_repr() const { return {}; }  ///< What stands between the brackets when it is printed.
  virtual Value options() const;                         ///< What it was constructed with, for `to_value` (registry.h).
  virtual bool is_container() const { return false; }    ///< Whether children of any name may be added, as to a list.
  virtual std::int64_t version() const { return 1; }     ///< Of its state's layout; recorded in the metadata.

  /// State beyond tensors, saved as "_extra_state"; none unless overridden.
  virtual std::optional<Value> get_extra_state() const { return std::nullopt; }
  /// Called when everything else of a load is in place; must not throw.
  virtual void set_extra_state(const Value& state);

 protected:
  Module(const Module& other);
  Module(Module&& other);
  Module& operator=(const Module& other);

  /// Calls `f` with a pointer to each direct child, in order; null for one that is None. For modules that run their
  /// children.
  template <class F>
  void for_each_child(F&& f) const {
    for (const Row& row : rows_) {
      if (row.kind == detail::MemberKind::child && row.present) f(child(row).get());
    }
  }

  void check_free(std::string_view name) const;  ///< Throws KeyError if a member has the name.

  // For modules that hold any number of others, or of parameters.
  using SharedModules = std::vector<std::pair<std::string, std::shared_ptr<Module>>>;
  SharedModules shared_children() const;  ///< The direct ones, in order; null is None.
  /// These in place of those that are there. Throws KeyError for a name that a declaration would refuse, TypeError
  /// where one of those that are there is declared as a member; nothing has changed then.
  void set_children(const SharedModules& children);

  /// The numbers to take for `name`, of this module's own, when a state dict whose metadata says `version` (none
  /// without metadata) lacks it; nothing unless overridden, and the key is missing then.
  virtual std::optional<Tensor> default_for_missing(std::string_view name, std::optional<std::int64_t> version) const;

 private:
  friend class detail::Member;
  friend class StateLoader;  // module_load.cpp
  friend class CopySession;  // copy_session.h
  friend class TieMemo;
  friend void detail::remember_copy_function(Module&, const std::type_info&, detail::CopyFunction);
  friend std::shared_ptr<Module> clone_module(const Module& module);

  struct Row {
    std::string name;
    detail::MemberKind kind;
    bool present;                           ///< False in a copy until the member itself has been copied.
    std::ptrdiff_t offset;                  ///< From this Module to a declared member.
    std::shared_ptr<detail::Member> owned;  ///< A member known only at run time; null for a declared one.
  };

  static void check_text(std::string_view name, detail::MemberKind kind);
  bool may_have(std::string_view name) const;
  void add_row(Row row);
  void check_name(std::string_view name, detail::MemberKind kind);
  Row* row_at(std::ptrdiff_t offset);
  void remove_row(std::ptrdiff_t offset);
  detail::Member* member(const Row& row) const;
  Parameter& parameter(const Row& row) const;
  Buffer& buffer(const Row& row) const;
  const std::shared_ptr<Module>& child(const Row& row) const;
  std::vector<Row> copied_rows(const Module& other, const std::shared_ptr<class TieMemo>& memo,
                               std::vector<std::ptrdiff_t>& pending) const;
  const Row* row_named(std::string_view name) const;
  const Row& row_at_path(const std::string& path, const std::string& name) const;  ///< Throws KeyError.
  NamedTensors named_tensors(detail::MemberKind kind, const std::string& prefix, bool recurse,
                             bool remove_duplicate) const;
  void put_child(const Row& row, std::shared_ptr<Module> module);
  Tensor call_with_hooks(const Tensor& x);
  void copy_hooks(const Module& other);

  template <class Hook, class F>
  RemovableHandle add_hook(detail::HookList<Hook> ModuleHooks::*list, F hook, bool prepend) {
    ModuleHooks& hooks = own_hooks();
    const std::uint64_t id = ++hooks.registered;
    detail::HookList<Hook>& added_to = hooks.*list;
    added_to.emplace(prepend ? added_to.begin() : added_to.end(), id, Hook(std::move(hook)));
    return {hooks_, id};
  }
  ModuleHooks& own_hooks();
  template <class F>
  void replace_data(F&& f);
  std::vector<Tensor> all_tensors() const;  ///< Parameters and buffers here and below, each once.

  std::shared_ptr<ModuleHooks> hooks_;  ///< Null as long as there has been none.
  std::vector<Row> rows_;
  mutable std::unique_ptr<std::unordered_set<std::string>> names_;  ///< Of many rows, and maybe of some that went.
  const std::type_info* copy_type_ = nullptr;
  detail::CopyFunction copy_function_ = nullptr;
  std::shared_ptr<class CopySession> session_;  ///< While this is being copied to.
};

/// The innermost module of a wrapper, and of a wrapper of a wrapper; any other module itself. Its names have no
/// "module." or "_orig_mod." before them.
Module& unwrap(Module& module);
const Module& unwrap(const Module& module);

namespace detail {
/// The lines, those after the first two columns further in.
std::string indented(std::string_view lines);
}  // namespace detail

/// A copy of the module as what it is, also through a reference to a base; see `clone` in child.h.
std::shared_ptr<Module> clone_module(const Module& module);

/// The class's name without namespaces: "Net" of app::Net.
std::string class_name(const std::type_info& type);

std::string to_string(
    const Module& module);  ///< As PyTorch prints it: "Linear(in_features=3, out_features=5, bias=True)".
std::ostream& operator<<(std::ostream& out, const Module& module);

}  // namespace cairn::nn
