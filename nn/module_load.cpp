// Matching a saved state with a module: everything is checked, and every fault named, before a number moves.
//
// The walk is PyTorch's, so that its lists and messages come out in PyTorch's order: for each module its parameters and
// buffers, then the keys that name nothing in it, then its children. Where PyTorch filters the whole dict once for
// every module, which is quadratic, the unexpected keys are sorted to their modules beforehand.
#include <cairn/nn/module.h>

#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <cairn/core/autograd.h>
#include <cairn/core/deferred.h>
#include <cairn/nn/child.h>
#include <cairn/nn/load_hint.h>

namespace cairn::nn {

using detail::MemberKind;

namespace {

/// A dict or a state dict, looked at alike.
class Entries {
 public:
  explicit Entries(const StateDict& state) : state_(&state) {}
  explicit Entries(const Value& value) {
    if (value.is(Value::Kind::state_dict))
      state_ = &value.as_state_dict();
    else if (value.is(Value::Kind::dict))
      dict_ = &value.as_dict();
    else
      throw TypeError(text("Expected state_dict to be dict-like, got <class '", class_name(value), "'>."));
  }

  const Value* find(const std::string& key) const { return state_ ? state_->find(key) : dict_->find(Key(key)); }

  template <class F>
  void for_each(F&& f) const {
    if (state_) {
      for (const auto& [key, value] : *state_) f(key, value);
    } else {
      for (const auto& [key, value] : *dict_) f(key.plain(), value);
    }
  }

  /// What the metadata records for the module at `path`; nothing in a plain dict.
  std::optional<std::int64_t> version(const std::string& path) const {
    const Value* of_module = state_ ? state_->metadata().find(Key(path)) : nullptr;
    if (!of_module || !of_module->contains("version")) return std::nullopt;
    const Value& version = (*of_module)["version"];
    return version.is(Value::Kind::integer) ? std::optional(version.as_int()) : std::nullopt;
  }

  static std::string class_name(const Value& value) {
    if (value.is(Value::Kind::tensor)) return "torch.Tensor";
    if (value.is(Value::Kind::state_dict)) return "collections.OrderedDict";
    return std::string(name(value.kind()));
  }

 private:
  const StateDict* state_ = nullptr;
  const Dict* dict_ = nullptr;
};

std::string quoted(const std::vector<std::string>& keys) {
  std::string joined;
  for (const std::string& key : keys) joined += text(joined.empty() ? "" : ", ", '"', key, '"');
  return joined;
}

/// Bits of the significand, of the exponent, and whether there is a sign.
struct Precision {
  int digits, exponent;
  bool sign;
};

Precision precision(DType dtype) {
  switch (dtype) {
    case DType::boolean:
      return {1, 0, false};
    case DType::uint8:
      return {8, 0, false};
    case DType::int8:
      return {7, 0, true};
    case DType::int16:
      return {15, 0, true};
    case DType::int32:
      return {31, 0, true};
    case DType::int64:
      return {63, 0, true};
    case DType::float8_e4m3fn:
      return {4, 4, true};
    case DType::float8_e5m2:
      return {3, 5, true};
    case DType::float16:
      return {11, 5, true};
    case DType::bfloat16:
      return {8, 8, true};
    case DType::float32:
    case DType::complex64:
      return {24, 8, true};
    case DType::float64:
      return {53, 11, true};
  }
  return {64, 64, true};
}

/// Whether every value of `from` has an equal one in `to`.
bool widens(DType from, DType to) {
  const Precision a = precision(from), b = precision(to);
  return category(from) <= category(to) && a.digits <= b.digits && a.exponent <= b.exponent && a.sign <= b.sign;
}

}  // namespace

class StateLoader {
 public:
  StateLoader(Module& root, const Entries& entries, const LoadOptions& options)
      : root_(root), entries_(entries), options_(options) {}

  LoadPlan plan() {
    list_modules(root_, "");
    sort_unexpected();
    load(root_, "");
    throw_faults();
    return std::move(plan_);
  }

 private:
  /// What is known of the module with a prefix: the keys of the dict that it does not have.
  struct Place {
    std::vector<std::string> unexpected;
  };

  void list_modules(const Module& module, const std::string& prefix) {
    places_.emplace(prefix, Place{});
    for (const Module::Row& row : module.rows_) {
      if (!row.present) continue;
      const std::string key = prefix + row.name;
      if (row.kind == MemberKind::parameter && module.parameter(row).defined()) expected_.emplace(key, &module);
      if (row.kind == MemberKind::buffer && module.buffer(row).persistent() && module.buffer(row).defined())
        expected_.emplace(key, &module);
      if (row.kind != MemberKind::child) continue;
      if (const auto& child = module.child(row))
        list_modules(*child, key + ".");
      else
        none_.insert(key + ".");
    }
    if (module.get_extra_state()) expected_.emplace(prefix + "_extra_state", &module);
  }

  /// Gives every key that names nothing to the deepest module on its way. Below a child that is None, as in PyTorch,
  /// keys are not looked at.
  void sort_unexpected() {
    entries_.for_each([&](const std::string& key, const Value& value) {
      given_.push_back(key);
      if (value.is_mapping()) nested_.push_back(key);
      if (expected_.contains(key)) return;
      std::string prefix;
      for (std::size_t dot = key.find('.'); dot != key.npos; dot = key.find('.', dot + 1)) {
        const std::string next = key.substr(0, dot + 1);
        if (none_.contains(next)) return;
        if (!places_.contains(next)) break;
        prefix = next;
      }
      std::vector<std::string>& unexpected = places_[prefix].unexpected;
      unexpected.insert(key == prefix + "_extra_state" ? unexpected.begin() : unexpected.end(), key);
    });
  }

  void load(Module& module, const std::string& prefix) {
    const std::optional<std::int64_t> version =
        entries_.version(prefix.empty() ? prefix : prefix.substr(0, prefix.size() - 1));
    for (const MemberKind kind : {MemberKind::parameter, MemberKind::buffer}) {
      for (const Module::Row& row : module.rows_) {
        if (!row.present || row.kind != kind) continue;
        if (kind == MemberKind::buffer && !module.buffer(row).persistent()) continue;
        const Tensor target = kind == MemberKind::parameter ? static_cast<const Tensor&>(module.parameter(row))
                                                            : static_cast<const Tensor&>(module.buffer(row));
        if (!target.defined()) continue;
        const std::string key = prefix + row.name;
        if (const Value* saved = entries_.find(key)) {
          match(key, *saved, target, module.member(row), kind);
        } else if (const std::optional<Tensor> own = module.default_for_missing(row.name, version)) {
          if (!own->is_same(target)) match(key, *own, target, module.member(row), kind);
        } else {
          plan_.report().missing_keys.push_back(key);
        }
      }
    }
    load_extra_state(module, prefix + "_extra_state");
    for (std::string& key : places_[prefix].unexpected) plan_.report().unexpected_keys.push_back(std::move(key));
    for (const Module::Row& row : module.rows_) {
      if (row.present && row.kind == MemberKind::child && module.child(row))
        load(*module.child(row), prefix + row.name + ".");
    }
  }

  void load_extra_state(Module& module, const std::string& key) {
    if (!expected_.contains(key)) return;
    if (const Value* saved = entries_.find(key))
      extra_.push_back({&module, materialize(*saved)});
    else
      plan_.report().missing_keys.push_back(key);
  }

  void match(const std::string& key, const Value& saved, const Tensor& target, detail::Member* member,
             MemberKind kind) {
    if (!saved.is(Value::Kind::tensor)) {
      faults_.push_back(text("While copying the parameter named \"", key,
                             "\", expected torch.Tensor or Tensor-like object from checkpoint but received <class '",
                             Entries::class_name(saved), "'>"));
      return;
    }
    const Tensor& from = saved.as_tensor();
    const bool one_into_scalar = target.dim() == 0 && from.shape() == Shape{1};
    if (from.shape() != target.shape() && !one_into_scalar) {
      faults_.push_back(text("size mismatch for ", key, ": copying a param with shape ", from.shape(),
                             " from checkpoint, the shape in current model is ", target.shape(), "."));
      if (from.dim() == 2 && target.dim() == 2 && from.size(0) == target.size(1) && from.size(1) == target.size(0)) {
        transposed_.push_back(key);
      }
      return;
    }
    if (options_.assign)
      assign(key, from, one_into_scalar, target, member, kind);
    else
      copy(key, from, one_into_scalar, target);
  }

  void copy(const std::string& key, const Tensor& from, bool one_into_scalar, const Tensor& target) {
    if (target.device().is_meta()) {
      if (from.device().is_meta() && !from.is_deferred()) return;
      plan_.report().warnings.push_back(text("for ", key,
                                             ": copying from a non-meta parameter in the checkpoint to a meta "
                                             "parameter in the current model, which is a no-op. "
                                             "(Did you mean to pass `assign=True` to assign items in the state "
                                             "dictionary to their corresponding key in the module instead of "
                                             "copying them in place?)"));
      return;
    }
    if (from.device().is_meta()) {
      faults_.push_back(text("While copying the parameter named \"", key, "\", whose dimensions in the model are ",
                             target.shape(), " and whose dimensions in the checkpoint are ", from.shape(),
                             ", an exception occurred : ('Cannot copy out of meta tensor; no data!',)."));
      return;
    }
    const bool allowed = options_.dtype_policy == DTypePolicy::convert || from.dtype() == target.dtype() ||
                         (options_.dtype_policy == DTypePolicy::widen && widens(from.dtype(), target.dtype()));
    if (!allowed) {
      faults_.push_back(text("dtype mismatch for ", key, ": copying a param of ", from.dtype(),
                             " from checkpoint, the dtype in current model is ", target.dtype(), "."));
      return;
    }
    if (category(from.dtype()) == DTypeCategory::complex && category(target.dtype()) != DTypeCategory::complex) {
      plan_.report().warnings.push_back(
          text("for ", key, ": Casting complex values to real discards the imaginary part"));
    }
    const Tensor to = target.detach();
    plan_.transfer(key, from, one_into_scalar ? to.view({1}) : to);
  }

  /// Takes the saved tensor in place of the module's. A deferred one is read into a new tensor, which is taken.
  void assign(const std::string& key, const Tensor& from, bool one_into_scalar, const Tensor& target,
              detail::Member* member, MemberKind kind) {
    Tensor taken = from;
    if (from.is_deferred()) {
      taken = empty(target.shape(), {.dtype = from.dtype(), .device = from.device()});
      plan_.transfer(key, from, one_into_scalar ? taken.view({1}) : taken);
    } else if (one_into_scalar) {
      taken = from.select(0, 0);
    }
    if (kind == MemberKind::buffer) {
      plan_.then([member, taken] { static_cast<Buffer&>(*member) = taken; });
    } else {
      const bool requires_grad = target.requires_grad();
      taken = detail::as_parameter(taken, requires_grad);
      plan_.then([member, taken, requires_grad]() mutable {
        taken.requires_grad_(requires_grad);
        static_cast<Parameter&>(*member) = taken;
      });
    }
  }

  void throw_faults() {
    const LoadReport& report = plan_.report();
    std::vector<std::string> lines;
    if (options_.strict && !report.missing_keys.empty()) {
      lines.push_back(text("Missing key(s) in state_dict: ", quoted(report.missing_keys), ". "));
    }
    if (options_.strict && !report.unexpected_keys.empty()) {
      lines.push_back(text("Unexpected key(s) in state_dict: ", quoted(report.unexpected_keys), ". "));
    }
    lines.insert(lines.end(), faults_.begin(), faults_.end());
    if (!lines.empty()) {
      std::string message = text("Error(s) in loading state_dict for ", root_.name(), ":");
      for (const std::string& line : lines) message += "\n\t" + line;
      throw StateDictError(message, {.hint = hint()});
    }
    if (!extra_.empty()) {
      plan_.then([extra = std::move(extra_)] {
        for (const auto& [module, value] : extra) module->set_extra_state(value);
      });
    }
  }

  std::string hint() const {
    std::vector<std::string> expected;
    for (const auto& [key, module] : expected_) expected.push_back(key);
    const LoadReport& report = plan_.report();
    std::string hint = load_hint(report.missing_keys, report.unexpected_keys, expected, given_, nested_);
    for (const std::string& key : transposed_) {
      hint += text(hint.empty() ? "" : "\n", "\"", key,
                   "\" has the transposed shape: was it saved by a program that stores weights as [in, out]?");
    }
    return hint;
  }

  Module& root_;
  const Entries& entries_;
  const LoadOptions& options_;
  LoadPlan plan_;
  std::vector<std::string> faults_;
  std::vector<std::pair<Module*, Value>> extra_;
  std::unordered_map<std::string, Place> places_;            // by prefix: "" or "layer1.0."
  std::unordered_map<std::string, const Module*> expected_;  // every key the module has
  std::unordered_set<std::string> none_;                     // prefixes of children that are None
  std::vector<std::string> given_, nested_, transposed_;
};

LoadPlan Module::plan_load(const Value& state, const LoadOptions& options) {
  const Entries entries(state);
  return StateLoader(*this, entries, options).plan();
}

LoadPlan Module::plan_load(const StateDict& state, const LoadOptions& options) {
  const Entries entries(state);
  return StateLoader(*this, entries, options).plan();
}

}  // namespace cairn::nn
