// Matching a saved state with a module: everything is checked, and every fault named, before a number moves.
//
//   1. list      the modules in PyTorch's walk, each with the keys it has, looked up in the state
//   2. sort      the keys that nothing asked for, each to the deepest module on its way
//   3. match     module by module: its parameters and buffers, the unexpected keys, then its children; so that lists
//                and messages come out in PyTorch's order
//
// Where PyTorch filters the whole dict once for every module, which is quadratic, each key is looked at once, and the
// second step is taken only when some key was not asked for.
#include <cairn/nn/module.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <cairn/core/autograd.h>
#include <cairn/core/deferred.h>
#include <cairn/core/state_dict_tools.h>
#include <cairn/nn/child.h>
#include <cairn/nn/load_hint.h>
#include <cairn/nn/state_entries.h>

namespace cairn::nn {

using detail::MemberKind;

namespace {

void append_keys(std::string& line, const std::vector<std::string>& keys) {
  const char* separator = "";
  for (const std::string& key : keys) {
    line += separator;
    line += '"';
    line += key;
    line += '"';
    separator = ", ";
  }
  line += ". ";
}

}  // namespace

class StateLoader {
 public:
  StateLoader(Module& root, StateEntries entries, const LoadOptions& options)
      : root_(root), entries_(std::move(entries)), options_(options), names_{options.only, options.except} {
    entries_.change_keys(options);
  }

  LoadPlan plan() {
    slots_.reserve(entries_.size());
    list(root_, "");
    if (hooked_) findings_ = entries_.run_pre_hooks(root_);
    check_patterns();
    look_up();
    if (found_ < entries_.size()) sort_unexpected();
    match_modules(0);
    throw_faults();
    return std::move(plan_);
  }

 private:
  /// A key that a module has, and what was saved under it, if anything.
  struct Slot {
    std::string key;
    std::string_view name;
    detail::Member* member;  ///< Null for the extra state.
    MemberKind kind;
    const Value* saved;

    const Tensor& target() const {
      return kind == MemberKind::parameter ? static_cast<const Tensor&>(*static_cast<Parameter*>(member))
                                           : static_cast<const Tensor&>(*static_cast<Buffer*>(member));
    }
  };

  struct Visit {
    Module* module;
    std::string prefix;                 ///< "" or "layer1.0."
    std::size_t first_slot, last_slot;  ///< Its own ones.
    std::size_t after;                  ///< The next visit that is not below this one.
  };

  /// A key that names nothing, with the visit it is told at: a module's extra state before its other ones.
  struct Unexpected {
    std::size_t visit;
    bool later;
    std::string key;
  };

  void add_slot(std::string key, std::string_view name, detail::Member* member, MemberKind kind) {
    if (names_.keeps(key))
      slots_.push_back({std::move(key), name, member, kind, nullptr});
    else
      left_out_.push_back(std::move(key));
  }

  void list(Module& module, const std::string& prefix) {
    const std::size_t number = visits_.size();
    visits_.push_back({&module, prefix, slots_.size(), 0, 0});
    hooked_ = hooked_ || (module.hooks_ && !module.hooks_->load_pre.empty());
    for (const MemberKind kind : {MemberKind::parameter, MemberKind::buffer}) {
      for (const Module::Row& row : module.rows_) {
        if (!row.present || row.kind != kind) continue;
        const bool is_there = kind == MemberKind::parameter
                                  ? module.parameter(row).defined()
                                  : module.buffer(row).persistent() && module.buffer(row).defined();
        if (is_there) add_slot(prefix + row.name, row.name, module.member(row), kind);
      }
    }
    if (module.get_extra_state()) add_slot(prefix + "_extra_state", {}, nullptr, MemberKind::buffer);
    visits_[number].last_slot = slots_.size();
    for (const Module::Row& row : module.rows_) {
      if (!row.present || row.kind != MemberKind::child) continue;
      if (const auto& child = module.child(row))
        list(*child, prefix + row.name + ".");
      else
        none_.insert(prefix + row.name + ".");
    }
    visits_[number].after = visits_.size();
  }

  /// As a rule the keys come in the order of the walk: each is looked for behind the last one found, and by hash only
  /// if it is not there.
  void look_up() {
    StateEntries::Cursor cursor(entries_);
    for (Slot& slot : slots_) {
      slot.saved = cursor.find(slot.key);
      found_ += slot.saved != nullptr;
    }
  }

  void check_patterns() const {
    for (const std::vector<std::string>* patterns : {&options_.only, &options_.except}) {
      for (const std::string& pattern : *patterns) {
        bool found = false;
        for (const Slot& slot : slots_) found = found || matches(pattern, slot.key);
        for (const std::string& key : left_out_) found = found || matches(pattern, key);
        entries_.for_each([&](const std::string& key, const Value&) { found = found || matches(pattern, key); });
        check<ValueError>(found, "load_state_dict: no key of the module or the state dict matches \"", pattern, '"');
      }
    }
  }

  /// Gives every key that names nothing to the deepest module on its way. Below a child that is None, as in PyTorch,
  /// keys are not looked at.
  void sort_unexpected() {
    std::unordered_set<const Value*> used;
    used.reserve(found_);
    for (const Slot& slot : slots_) {
      if (slot.saved) used.insert(slot.saved);
    }
    std::unordered_map<std::string_view, std::size_t> places;
    places.reserve(visits_.size());
    for (std::size_t i = 0; i < visits_.size(); ++i) places.emplace(visits_[i].prefix, i);
    std::string_view before;  // the prefix of the key before, which as a rule this one has too
    std::size_t place_before = 0;
    const auto place_of = [&](const std::string& key) -> std::optional<std::size_t> {
      const std::string_view whole = std::string_view(key).substr(0, key.rfind('.') + 1);
      if (whole == before) return place_before;
      if (const auto known = places.find(whole); known != places.end()) {
        before = known->first;
        place_before = known->second;
        return place_before;
      }
      std::size_t place = 0;
      for (std::size_t dot = key.find('.'); dot != key.npos; dot = key.find('.', dot + 1)) {
        const std::string_view next = std::string_view(key).substr(0, dot + 1);
        if (!none_.empty() && none_.contains(std::string(next))) return std::nullopt;
        const auto known = places.find(next);
        if (known == places.end()) break;
        place = known->second;
      }
      return place;
    };
    entries_.for_each([&](const std::string& key, const Value& value) {
      if (used.contains(&value) || !names_.keeps(key)) return;
      const std::optional<std::size_t> place = place_of(key);
      if (!place) return;
      const bool extra = key.size() == visits_[*place].prefix.size() + 12 && key.ends_with("_extra_state");
      unexpected_.push_back({*place, !extra, key});
    });
    std::stable_sort(unexpected_.begin(), unexpected_.end(), [](const Unexpected& a, const Unexpected& b) {
      return std::tie(a.visit, a.later) < std::tie(b.visit, b.later);
    });
  }

  /// Matches the module of a visit and all below it; returns the visit after them.
  std::size_t match_modules(std::size_t number) {
    const Visit& visit = visits_[number];
    LoadReport& report = plan_.report();
    for (HookFindings& found : findings_) {
      if (found.prefix != visit.prefix) continue;
      move_to(report.missing_keys, found.missing_keys);
      move_to(report.unexpected_keys, found.unexpected_keys);
      move_to(faults_, found.error_msgs);
    }
    for (std::size_t i = visit.first_slot; i < visit.last_slot; ++i) match(slots_[i], *visit.module, visit.prefix);
    for (; listed_ < unexpected_.size() && unexpected_[listed_].visit == number; ++listed_)
      report.unexpected_keys.push_back(std::move(unexpected_[listed_].key));
    std::size_t next = number + 1;
    while (next < visit.after) next = match_modules(next);
    if (const std::shared_ptr<ModuleHooks> hooks = visit.module->hooks_) {
      const auto post_hooks = hooks->load_post;
      for (const auto& [id, hook] : post_hooks) hook(*hooks->module, plan_);
    }
    return next;
  }

  static void move_to(std::vector<std::string>& list, std::vector<std::string>& added) {
    list.insert(list.end(), std::make_move_iterator(added.begin()), std::make_move_iterator(added.end()));
    added.clear();
  }

  void match(const Slot& slot, Module& module, const std::string& prefix) {
    if (slot.saved) {
      if (slot.member)
        match(slot, *slot.saved);
      else
        extra_.push_back({&module, materialize(*slot.saved)});
      return;
    }
    const std::optional<Tensor> own =
        slot.member ? module.default_for_missing(slot.name, entries_.version(prefix)) : std::nullopt;
    if (!own)
      plan_.report().missing_keys.push_back(slot.key);
    else if (!own->is_same(slot.target()))
      match(slot, *own);
  }

  void match(const Slot& slot, const Value& saved) {
    if (!saved.is(Value::Kind::tensor)) {
      faults_.push_back(text("While copying the parameter named \"", slot.key,
                             "\", expected torch.Tensor or Tensor-like object from checkpoint but received <class '",
                             class_name(saved), "'>"));
      return;
    }
    const Tensor &from = saved.as_tensor(), &target = slot.target();
    const bool one_into_scalar = target.dim() == 0 && from.shape() == Shape{1};
    if (from.shape() != target.shape() && !one_into_scalar) {
      if (options_.skip_mismatched) {
        plan_.report().skipped.push_back(
            text(slot.key, ": ", Extents(from.shape()), " from checkpoint, ", Extents(target.shape()), " in model"));
        return;
      }
      faults_.push_back(text("size mismatch for ", slot.key, ": copying a param with shape ", from.shape(),
                             " from checkpoint, the shape in current model is ", target.shape(), "."));
      if (from.dim() == 2 && target.dim() == 2 && from.size(0) == target.size(1) && from.size(1) == target.size(0)) {
        transposed_.push_back(slot.key);
      }
      return;
    }
    if (options_.assign)
      assign(slot, from, one_into_scalar);
    else
      copy(slot.key, from, one_into_scalar, target);
  }

  void fail_to_copy(const std::string& key, const Tensor& from, const Tensor& target, std::string_view why) {
    faults_.push_back(text("While copying the parameter named \"", key, "\", whose dimensions in the model are ",
                           target.shape(), " and whose dimensions in the checkpoint are ", from.shape(),
                           ", an exception occurred : ('", why, "',)."));
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
      return fail_to_copy(key, from, target, "Cannot copy out of meta tensor; no data!");
    }
    if (!allows(options_.dtype_policy, from.dtype(), target.dtype())) {
      if (options_.skip_mismatched) {
        plan_.report().skipped.push_back(
            text(key, ": ", name(from.dtype()), " from checkpoint, ", name(target.dtype()), " in model"));
        return;
      }
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
  void assign(const Slot& slot, const Tensor& from, bool one_into_scalar) {
    const Tensor& target = slot.target();
    detail::Member* const member = slot.member;
    Tensor taken = from;
    if (from.is_deferred()) {
      taken = empty(target.shape(), {.dtype = from.dtype(), .device = from.device()});
      plan_.transfer(slot.key, from, one_into_scalar ? taken.view({1}) : taken);
    } else if (one_into_scalar) {
      taken = from.select(0, 0);
    }
    if (slot.kind == MemberKind::buffer) {
      plan_.then([member, taken] { static_cast<Buffer&>(*member) = taken; });
    } else {
      const bool requires_grad = target.requires_grad();
      if (requires_grad && category(taken.dtype()) < DTypeCategory::floating)
        return fail_to_copy(slot.key, from, target,
                            "Only Tensors of floating point and complex dtype can require gradients");
      taken = detail::as_parameter(taken, requires_grad);
      plan_.then([member, taken, requires_grad]() mutable {
        taken.requires_grad_(requires_grad);
        static_cast<Parameter&>(*member) = taken;
      });
    }
  }

  void throw_faults() {
    const LoadReport& report = plan_.report();
    std::string lines;
    if (options_.strict && !report.missing_keys.empty()) {
      lines += "\n\tMissing key(s) in state_dict: ";
      append_keys(lines, report.missing_keys);
    }
    if (options_.strict && !report.unexpected_keys.empty()) {
      lines += "\n\tUnexpected key(s) in state_dict: ";
      append_keys(lines, report.unexpected_keys);
    }
    for (const std::string& fault : faults_) lines += "\n\t" + fault;
    if (!lines.empty()) {
      throw StateDictError(text("Error(s) in loading state_dict for ", root_.name(), ":") + lines, {.hint = hint()});
    }
    if (!extra_.empty()) {
      plan_.then([extra = std::move(extra_)] {
        for (const auto& [module, value] : extra) module->set_extra_state(value);
      });
    }
  }

  /// Takes the slots' keys: the load is over.
  std::string hint() {
    std::vector<std::string> expected, given, nested;
    expected.reserve(slots_.size());
    for (Slot& slot : slots_) expected.push_back(std::move(slot.key));
    given.reserve(entries_.size());
    entries_.for_each([&](const std::string& key, const Value& value) {
      given.push_back(key);
      if (value.is_mapping()) nested.push_back(key);
    });
    const LoadReport& report = plan_.report();
    std::string hint = load_hint(report.missing_keys, report.unexpected_keys, expected, given, nested);
    for (std::size_t i = 0; i < std::min<std::size_t>(transposed_.size(), 5); ++i) {
      hint += text(hint.empty() ? "" : "\n", "\"", transposed_[i],
                   "\" has the transposed shape: was it saved by a program that stores weights as [in, out]?");
    }
    return hint;
  }

  Module& root_;
  StateEntries entries_;
  const LoadOptions& options_;
  const NameFilter names_;
  std::vector<HookFindings> findings_;
  bool hooked_ = false;    // some module has a hook before loading
  std::size_t found_ = 0;  // slots with something saved; their keys differ, so do the entries
  std::vector<Visit> visits_;
  std::vector<Slot> slots_;
  std::vector<std::string> left_out_;     // keys of the module that are not to be loaded
  std::unordered_set<std::string> none_;  // prefixes of children that are None
  std::vector<Unexpected> unexpected_;    // in the order of visits
  std::size_t listed_ = 0;                // of these, in the report
  LoadPlan plan_;
  std::vector<std::string> faults_, transposed_;
  std::vector<std::pair<Module*, Value>> extra_;
};

LoadPlan Module::plan_load(const Value& state, const LoadOptions& options) {
  return StateLoader(*this, StateEntries(state), options).plan();
}

LoadPlan Module::plan_load(const StateDict& state, const LoadOptions& options) {
  return StateLoader(*this, StateEntries(state), options).plan();
}

}  // namespace cairn::nn
