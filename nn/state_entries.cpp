#include <cairn/nn/state_entries.h>

#include <algorithm>
#include <utility>

#include <cairn/core/error.h>
#include <cairn/core/state_dict_tools.h>
#include <cairn/nn/module.h>

namespace cairn::nn {

std::string class_name(const Value& value) {
  if (value.is(Value::Kind::tensor)) return "torch.Tensor";
  if (value.is(Value::Kind::state_dict)) return "collections.OrderedDict";
  return std::string(name(value.kind()));
}

StateEntries::StateEntries(const Value& value) {
  if (value.is(Value::Kind::state_dict))
    state_ = &value.as_state_dict();
  else if (value.is(Value::Kind::dict))
    dict_ = &value.as_dict();
  else
    throw TypeError(text("Expected state_dict to be dict-like, got <class '", class_name(value), "'>."));
}

StateDict& StateEntries::own() {
  if (state_ == &changed_) return changed_;
  if (state_) {
    changed_ = *state_;
  } else {
    changed_.reserve(dict_->size());
    for (const auto& [key, value] : *dict_) changed_.set(key.plain(), value);
  }
  state_ = &changed_;
  return changed_;
}

void StateEntries::change_keys(const LoadOptions& options) {
  if (!options.strip_prefix.empty()) changed_ = cairn::strip_prefix(own(), options.strip_prefix);
  const auto wrapped_in = [&](const char* prefix) {
    bool all = size() > 0;
    for_each([&](const std::string& key, const Value&) { all = all && key.starts_with(prefix); });
    return all;
  };
  for (bool found = options.strip_wrappers; found;) {
    found = false;
    for (const char* prefix : {"module.", "_orig_mod."}) {
      if (!wrapped_in(prefix)) continue;
      changed_ = cairn::strip_prefix(own(), prefix);
      found = true;
    }
  }
  if (!options.rename.empty()) changed_ = cairn::rename(own(), options.rename);
}

std::vector<HookFindings> StateEntries::run_pre_hooks(Module& root) {
  std::vector<HookFindings> all_found;
  for (const auto& [path, module] : root.named_modules("", false)) {
    if (!module->hooks() || module->hooks()->load_pre.empty()) continue;
    HookFindings found{path.empty() ? path : path + ".", {}, {}, {}};
    const Dict metadata = local_metadata(found.prefix);
    StateDict& all = own();
    StateDict below = filter(all, [&](const std::string& key, const Value&) { return key.starts_with(found.prefix); });
    const auto hooks = module->hooks()->load_pre;
    for (const auto& [id, hook] : hooks) {
      hook(*module, {below, found.prefix, metadata, true, found.missing_keys, found.unexpected_keys, found.error_msgs});
    }
    StateDict rest = filter(all, [&](const std::string& key, const Value&) { return !key.starts_with(found.prefix); });
    rest.update(filter(below, [&](const std::string& key, const Value&) { return key.starts_with(found.prefix); }));
    changed_ = std::move(rest);
    all_found.push_back(std::move(found));
  }
  return all_found;
}

const Dict& StateEntries::local_metadata(const std::string& prefix) const {
  static const Dict none;
  if (!state_ || state_->metadata().empty()) return none;
  const Value* found = state_->metadata().find(Key(prefix.substr(0, prefix.empty() ? 0 : prefix.size() - 1)));
  return found && found->is(Value::Kind::dict) ? found->as_dict() : none;
}

std::optional<std::int64_t> StateEntries::version(const std::string& prefix) const {
  const Value* version = local_metadata(prefix).find("version");
  return version && version->is(Value::Kind::integer) ? std::optional(version->as_int()) : std::nullopt;
}

}  // namespace cairn::nn
