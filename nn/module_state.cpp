// Saying what a module's state is: the tree of tensors, written flat.
#include <utility>

#include <cairn/nn/child.h>
#include <cairn/nn/module.h>

namespace cairn::nn {

using detail::MemberKind;

StateDict Module::state_dict(const std::string& prefix, bool keep_vars) const {
  StateDict state;
  state_dict(state, prefix, keep_vars);
  return state;
}

void Module::state_dict(StateDict& destination, const std::string& prefix, bool keep_vars) const {
  const std::string path = prefix.empty() ? prefix : prefix.substr(0, prefix.size() - 1);  // without the last dot
  destination.metadata().set(path, Dict{{"version", version()}});
  if (hooks_) {
    const auto pre_hooks = hooks_->state_dict_pre;  // a hook may remove itself
    for (const auto& [id, hook] : pre_hooks) hook(*hooks_->module, prefix, keep_vars);
  }
  const auto add = [&](const std::string& name, const Tensor& tensor) {
    if (tensor.defined()) destination.set(prefix + name, keep_vars ? tensor : tensor.detach());
  };
  for (const Row& row : rows_) {
    if (row.present && row.kind == MemberKind::parameter) add(row.name, parameter(row));
  }
  for (const Row& row : rows_) {
    if (row.present && row.kind == MemberKind::buffer && buffer(row).persistent()) add(row.name, buffer(row));
  }
  if (std::optional<Value> extra = get_extra_state()) destination.set(prefix + "_extra_state", *std::move(extra));
  for (const Row& row : rows_) {
    if (row.present && row.kind == MemberKind::child && child(row)) {
      child(row)->state_dict(destination, prefix + row.name + ".", keep_vars);
    }
  }
  if (hooks_) {
    const auto post_hooks = hooks_->state_dict_post;
    for (const auto& [id, hook] : post_hooks)
      hook(*hooks_->module, destination, prefix, destination.metadata()[path].as_dict());
  }
}

Value Module::options() const { return Dict(); }

Value Module::state() const { return state_dict(); }

void Module::set_extra_state(const Value&) {}

std::optional<Tensor> Module::default_for_missing(std::string_view, std::optional<std::int64_t>) const {
  return std::nullopt;
}

LoadPlan Module::plan_load(const Value& state) { return plan_load(state, LoadOptions{}); }

LoadReport Module::load_state_dict(const Value& state, const LoadOptions& options) {
  return plan_load(state, options).commit(options.commit);
}

LoadReport Module::load_state_dict(const StateDict& state, const LoadOptions& options) {
  return plan_load(state, options).commit(options.commit);
}

}  // namespace cairn::nn
