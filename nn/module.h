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
#include <utility>
#include <vector>

#include <cairn/core/device.h>
#include <cairn/core/dtype.h>
#include <cairn/core/state_dict.h>
#include <cairn/core/stateful.h>
#include <cairn/core/tensor.h>
#include <cairn/nn/member.h>
#include <cairn/nn/parameter.h>

namespace cairn::nn {

/// Which conversions a load may make where the saved dtype is not the model's.
enum class DTypePolicy : std::uint8_t {
  convert,  ///< Any, as PyTorch; each is in the report.
  widen,    ///< Those that keep every value: float16 to float32, int32 to int64.
  exact,    ///< None.
};

/// How a state dict is loaded: `load_state_dict(state, {.strict = false})`.
struct LoadOptions {
  bool strict = true;   ///< Keys that are missing or unexpected are errors, not only reported.
  bool assign = false;  ///< Take the saved tensors themselves, with their dtype and device, in place of the module's.
  DTypePolicy dtype_policy = DTypePolicy::convert;
  CommitOptions commit = {};  ///< Staging and progress of the load itself.
};

class Module : public Stateful {
 public:
  Module() = default;
  ~Module() override;

  /// What the module computes. Modules of one input override this; others declare a `forward` of their own.
  virtual Tensor forward(const Tensor& x);
  Tensor operator()(const Tensor& x) { return forward(x); }

  bool training = true;  ///< What `train` and `eval` set here and below.
  Module& train(bool mode = true);
  Module& eval() { return train(false); }

  // What there is. Names are dotted, `prefix` comes before them with a dot; what is tied is listed once, under its
  // first name.
  std::vector<Tensor> parameters(bool recurse = true) const;  ///< What an optimizer is given.
  std::vector<std::pair<std::string, Tensor>> named_parameters(const std::string& prefix = "",
                                                               bool recurse = true) const;
  std::vector<Tensor> buffers(bool recurse = true) const;
  std::vector<std::pair<std::string, Tensor>> named_buffers(const std::string& prefix = "", bool recurse = true) const;
  std::vector<Module*> children() const;  ///< Direct ones.
  std::vector<std::pair<std::string, Module*>> named_children() const;
  std::vector<Module*> modules() const;  ///< This one and all below it.
  std::vector<std::pair<std::string, Module*>> named_modules(const std::string& prefix = "") const;
  Module& get_submodule(const std::string& path) const;  ///< By dotted path; "" is this. Throws KeyError.

  // Members that are known only at run time; declared members need none of these. Throw as the declarations do.
  void register_parameter(const std::string& name, Tensor tensor, bool requires_grad = true);
  void register_buffer(const std::string& name, Tensor tensor, bool persistent = true);
  void register_module(const std::string& name, std::shared_ptr<Module> module);  ///< Null is PyTorch's None.

  // All of it at once. Tensors keep their identity: an optimizer that holds them stays right.
  Module& to(Device device);        ///< Parameters, buffers and gradients.
  Module& to(DType dtype);          ///< Floating-point ones only. Throws TypeError for a dtype that is no float.
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

  std::string repr() const;  ///< The tree, as PyTorch prints it.

  // What a class may say of itself.
  virtual std::string name() const;                      ///< The class's name, without namespaces, unless overridden.
  virtual std::string extra_repr() const { return {}; }  ///< What stands between the brackets when it is printed.
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

  void check_name(std::string_view name, detail::MemberKind kind);
  Row* row_at(std::ptrdiff_t offset);
  void remove_row(std::ptrdiff_t offset);
  detail::Member* member(const Row& row) const;
  Parameter& parameter(const Row& row) const;
  Buffer& buffer(const Row& row) const;
  const std::shared_ptr<Module>& child(const Row& row) const;
  std::vector<Row> copied_rows(const Module& other, const std::shared_ptr<class TieMemo>& memo,
                               std::vector<std::ptrdiff_t>& pending) const;
  std::vector<std::pair<std::string, Tensor>> named_tensors(detail::MemberKind kind, const std::string& prefix,
                                                            bool recurse) const;
  template <class F>
  void replace_data(F&& f);
  std::vector<Tensor> all_tensors() const;  ///< Parameters and buffers here and below, each once.

  std::vector<Row> rows_;
  const std::type_info* copy_type_ = nullptr;
  detail::CopyFunction copy_function_ = nullptr;
  std::shared_ptr<class CopySession> session_;  ///< While this is being copied to.
};

/// A copy of the module as what it is, also through a reference to a base; see `clone` in child.h.
std::shared_ptr<Module> clone_module(const Module& module);

std::string to_string(
    const Module& module);  ///< As PyTorch prints it: "Linear(in_features=3, out_features=5, bias=True)".
std::ostream& operator<<(std::ostream& out, const Module& module);

}  // namespace cairn::nn
