// The metadata is kept by module, the entries by tensor: where an entry goes, the version of its module goes too.
#include <cairn/core/state_dict_tools.h>

#include <algorithm>
#include <array>
#include <utility>

#include <cairn/core/autograd.h>
#include <cairn/core/error.h>
#include <cairn/core/ops.h>
#include <cairn/core/suggest.h>
#include <cairn/core/tensor_impl.h>

namespace cairn {
namespace {

/// The module an entry belongs to: "a.b" of "a.b.weight", "" of "weight".
std::string module_of(const std::string& key) {
  const std::size_t dot = key.rfind('.');
  return dot == key.npos ? std::string() : key.substr(0, dot);
}

/// Metadata for `to` entries at new names, from what `state` says of their old ones.
void carry_metadata(const StateDict& state, const std::string& old_key, const std::string& new_key, StateDict& to) {
  const std::string module = module_of(new_key);
  if (to.metadata().contains(Key(module))) return;
  if (const Value* known = state.metadata().find(Key(module_of(old_key)))) to.metadata().set(module, *known);
}

[[noreturn]] void throw_faults(const char* what, const std::vector<std::string>& faults) {
  constexpr std::size_t shown = 20;
  std::string message = what;
  for (std::size_t i = 0; i < std::min(shown, faults.size()); ++i) message += "\n\t" + faults[i];
  if (faults.size() > shown) message += text("\n\tand ", faults.size() - shown, " more");
  throw StateDictError(message);
}

bool is_averaged(const Value& value) {
  return value.is(Value::Kind::tensor) && (is_floating_point(value.as_tensor().dtype()) ||
                                           category(value.as_tensor().dtype()) == DTypeCategory::complex);
}

/// Why two entries cannot be averaged; empty if they can.
std::string difference(const std::string& key, const Value& a, const Value& b) {
  if (!a.is(Value::Kind::tensor) || !b.is(Value::Kind::tensor)) {
    return a.kind() == b.kind() ? "" : text('"', key, "\": ", name(a.kind()), " and ", name(b.kind()));
  }
  const Tensor &x = a.as_tensor(), &y = b.as_tensor();
  if (x.shape() != y.shape()) return text('"', key, "\": shapes ", Extents(x.shape()), " and ", Extents(y.shape()));
  if (x.dtype() != y.dtype()) return text('"', key, "\": dtypes ", name(x.dtype()), " and ", name(y.dtype()));
  return {};
}

/// The sum of `parts[i] * weights[i]`, on the first one's device. Weights of 0 do not count.
Tensor weighted_sum(const std::vector<Tensor>& parts, std::span<const double> weights) {
  const NoGrad no_grad;
  const DType dtype = parts[0].dtype();
  const bool is_complex = category(dtype) == DTypeCategory::complex;
  Tensor sum;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (weights[i] == 0) continue;
    Tensor part = materialize(parts[i]).detach().to(parts[0].device());
    if (!is_complex) part = part.to(DType::float64);
    part = part * weights[i];
    sum = sum.defined() ? sum + part : part;
  }
  return sum.defined() ? sum.to(dtype) : zeros(parts[0].shape(), {.dtype = dtype, .device = parts[0].device()});
}

}  // namespace

bool NameFilter::keeps(std::string_view name) const {
  return (only.empty() || matches_any(only, name)) && !matches_any(except, name);
}

StateDict filter(const StateDict& state, const std::function<bool(const std::string&, const Value&)>& keep) {
  StateDict kept;
  kept.metadata() = state.metadata();
  for (const auto& [key, value] : state) {
    if (keep(key, value)) kept.set(key, value);
  }
  return kept;
}

StateDict filter(const StateDict& state, const NameFilter& names) {
  return filter(state, [&](const std::string& key, const Value&) { return names.keeps(key); });
}

StateDict rename(const StateDict& state, const std::function<std::string(const std::string&)>& new_name) {
  StateDict renamed;
  renamed.reserve(state.size());
  for (const auto& [key, value] : state) {
    std::string name = new_name(key);
    check<KeyError>(!renamed.contains(name), "rename: two keys would be named '", name, "', one of them '", key, "'");
    carry_metadata(state, key, name, renamed);
    renamed.set(std::move(name), value);
  }
  for (const auto& [module, entry] : state.metadata()) {
    if (!renamed.metadata().contains(module)) renamed.metadata().set(module, entry);
  }
  return renamed;
}

StateDict rename(const StateDict& state, const std::vector<RenameRule>& rules) {
  for (const RenameRule& rule : rules) check_rule(rule);
  std::vector<bool> used(rules.size());
  StateDict result = rename(state, [&](const std::string& key) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
      if (std::optional<std::string> name = cairn::renamed(rules[i], key)) {
        used[i] = true;
        return *std::move(name);
      }
    }
    return key;
  });
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (!used[i])
      throw KeyError(text("rename: no key of the state dict matches '", rules[i].from, "'"),
                     {.hint = text("of its keys", describe_keys(rules[i].from, state.keys()))});
  }
  return result;
}

StateDict add_prefix(const StateDict& state, const std::string& prefix) {
  StateDict result;
  result.reserve(state.size());
  for (const auto& [key, value] : state) result.set(prefix + key, value);
  for (const auto& [module, entry] : state.metadata()) {
    const std::string path = prefix + module.plain();
    result.metadata().set(path.ends_with('.') ? path.substr(0, path.size() - 1) : path, entry);
  }
  return result;
}

StateDict strip_prefix(const StateDict& state, const std::string& prefix) {
  StateDict result;
  result.reserve(state.size());
  for (const auto& [key, value] : state) {
    std::string name = key.starts_with(prefix) ? key.substr(prefix.size()) : key;
    check<KeyError>(!result.contains(name), "strip_prefix: without '", prefix, "' two keys would be named '", name,
                    "'");
    result.set(std::move(name), value);
  }
  // "" was the wrapper's own; what was "module" is "" now.
  for (const auto& [module, entry] : state.metadata()) {
    const std::string path = module.plain();
    if (path + "." == prefix)
      result.metadata().set("", entry);
    else if (path.starts_with(prefix))
      result.metadata().set(path.substr(prefix.size()), entry);
    else if (!path.empty() || !result.metadata().contains(""))
      result.metadata().set(path, entry);
  }
  return result;
}

void consume_prefix_in_state_dict_if_present(StateDict& state, const std::string& prefix) {
  const StateDict stripped = strip_prefix(state, prefix);
  StateDict moved;
  for (const bool had_prefix : {false, true}) {
    auto renamed = stripped.begin();
    for (const auto& [key, value] : state) {
      if (key.starts_with(prefix) == had_prefix) moved.set(renamed->first, value);
      ++renamed;
    }
  }
  moved.metadata() = stripped.metadata();
  state = std::move(moved);
}

Merged merge(const StateDict& first, const StateDict& second, const MergeOptions& options) {
  Merged merged;
  merged.state = first;
  merged.state.reserve(first.size() + second.size());
  std::vector<std::string> faults;
  const std::array<double, 2> halves = {0.5, 0.5};
  for (const auto& [key, value] : first) {
    const Value* other = second.find(key);
    if (!other) {
      merged.from_first.push_back(key);
      continue;
    }
    merged.clashes.push_back(key);
    if (options.on_clash == OnClash::error) {
      faults.push_back(text('"', key, "\": both have it"));
    } else if (options.on_clash == OnClash::second) {
      merged.state.set(key, *other);
      merged.from_second.push_back(key);
    } else if (options.on_clash == OnClash::first) {
      merged.from_first.push_back(key);
    } else if (std::string fault = difference(key, value, *other); !fault.empty()) {
      faults.push_back(std::move(fault));
    } else if (!is_averaged(value)) {
      merged.from_first.push_back(key);
    } else if (faults.empty()) {
      merged.state.set(key, weighted_sum({value.as_tensor(), other->as_tensor()}, halves));
      merged.averaged.push_back(key);
    }
  }
  if (!faults.empty()) {
    throw_faults(options.on_clash == OnClash::error ? "merge: keys that clash; `on_clash` says which to take:"
                                                    : "merge: entries that cannot be averaged:",
                 faults);
  }
  for (const auto& [key, value] : second) {
    if (first.contains(key)) continue;
    merged.state.set(key, value);
    merged.from_second.push_back(key);
  }
  for (const auto& [module, entry] : second.metadata()) {
    if (!first.metadata().contains(module)) merged.state.metadata().set(module, entry);
  }
  return merged;
}

StateDict average(std::span<const StateDict> states, std::span<const double> weights) {
  check<ValueError>(!states.empty(), "average: there is no state dict");
  check<ValueError>(weights.empty() || weights.size() == states.size(), "average: ", states.size(), " state dicts and ",
                    weights.size(), " weights");
  const std::vector<double> alike(states.size(), 1.0 / static_cast<double>(states.size()));
  if (weights.empty()) weights = alike;

  std::vector<std::string> faults;
  for (std::size_t i = 1; i < states.size(); ++i) {
    for (const auto& [key, value] : states[0]) {
      const Value* other = states[i].find(key);
      std::string fault = other ? difference(key, value, *other) : text('"', key, "\": missing in number ", i);
      if (!fault.empty()) faults.push_back(std::move(fault));
    }
    for (const auto& [key, value] : states[i]) {
      if (!states[0].contains(key)) faults.push_back(text('"', key, "\": only in number ", i));
    }
  }
  if (!faults.empty()) throw_faults("average: the state dicts do not fit each other:", faults);

  StateDict result = states[0];
  for (const auto& [key, value] : states[0]) {
    if (!is_averaged(value)) continue;
    std::vector<Tensor> parts;
    for (const StateDict& state : states) parts.push_back(state.at(key));
    result.set(key, weighted_sum(parts, weights));
  }
  return result;
}

StateDict lerp(const StateDict& a, const StateDict& b, double weight) {
  const std::array<StateDict, 2> states = {a, b};
  const std::array<double, 2> weights = {1 - weight, weight};
  return average(states, weights);
}

}  // namespace cairn
