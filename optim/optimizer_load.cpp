// Matching a saved optimizer with one that is there: everything is checked, and every fault named, before a number
// moves.
//
// PyTorch checks the number of groups and their sizes and nothing else: Adam's state loads into SGD and fails at the
// next step. Here a state that belongs to another class, an option that does not exist and a tensor that does not fit
// its parameter are faults of the load. Tensors are copied, never shared with the saved state, and the numbers of steps
// stay on the CPU.
//
//   both have names:    matched by name        not strict: what only one side has is left, and reported
//   one has none:       matched by position    the same numbers of groups and parameters, always
#include <cairn/optim/optimizer.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <cairn/core/state_dict.h>
#include <cairn/optim/options.h>

namespace cairn::optim {
namespace {

const Value* find(const Value& mapping, const Key& key) { return mapping.contains(key) ? &mapping[key] : nullptr; }

bool is_sequence(const Value* value) {
  return value && (value->is(Value::Kind::list) || value->is(Value::Kind::tuple));
}

}  // namespace

class OptimizerLoader {
 public:
  OptimizerLoader(Optimizer& optimizer, const Value& saved, bool strict)
      : optimizer_(optimizer), saved_(saved), strict_(strict) {}

  LoadPlan plan() {
    find_parts();
    list_saved();
    match();
    read_options();
    if (!of_another_class_) read_state();
    if (!faults_.empty()) {
      std::string message = text("Error(s) in loading state_dict for ", optimizer_.name(), ":");
      for (const std::string& fault : faults_) message += "\n\t" + fault;
      throw StateDictError(
          message,
          {.hint = of_another_class_ ? text("this is the state of another optimizer than ", optimizer_.name()) : ""});
    }
    plan_.then([optimizer = &optimizer_, next = next_] {
      optimizer->state_.swap(next->state);
      optimizer->created_.swap(next->created);
      optimizer->groups_.swap(next->groups);
      for (std::size_t group = 0; group < optimizer->groups_.size(); ++group) optimizer->options_changed(group);
    });
    return std::move(plan_);
  }

 private:
  using Group = Optimizer::Group;

  /// What the optimizer will hold.
  struct Next {
    std::vector<Group> groups;
    std::vector<Tensor> state;
    std::vector<std::size_t> created;
  };

  /// A parameter of the saved state.
  struct Listed {
    Value id;
    std::size_t group;
    std::string name;
  };
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  void find_parts() {
    check<TypeError>(saved_.is_mapping(), "Expected state_dict to be dict-like, got <class '", name(saved_.kind()),
                     "'>.");
    const Value* state = find(saved_, "state");
    const Value* groups = find(saved_, "param_groups");
    if (!state || !groups || !state->is_mapping() || !is_sequence(groups)) {
      throw StateDictError(
          text("the state dict of an optimizer holds 'state', a dict, and 'param_groups', a list; ",
               !state || !groups ? text("there is no '", state ? "param_groups" : "state", "'")
                                 : text("they are ", name(state->kind()), " and ", name(groups->kind()))),
          {.hint = "give load_state_dict what the optimizer's state_dict() returned, not the checkpoint around it"});
    }
    state_ = state;
    groups_ = &groups->items();
  }

  /// Lists the parameters of the saved groups, with their names if all groups have them.
  void list_saved() {
    for (std::size_t g = 0; g < groups_->size(); ++g) {
      const Value& group = (*groups_)[g];
      const Value* params = group.is_mapping() ? find(group, "params") : nullptr;
      check<StateDictError>(is_sequence(params), "param_groups[", g,
                            "] of the state dict is no dict with a list 'params'");
      const Value* names = find(group, "param_names");
      saved_named_ = saved_named_ && is_sequence(names) && names->size() == params->size();
      for (std::size_t i = 0; i < params->size(); ++i) {
        const Value& id = params->items()[i];
        check<StateDictError>(id.is(Value::Kind::integer) || id.is(Value::Kind::text), "param_groups[", g,
                              "] of the state dict lists ", to_string(id), " among its 'params', expected a number");
        std::string name;
        if (saved_named_) {
          check<StateDictError>(names->items()[i].is(Value::Kind::text), "param_names of param_groups[", g,
                                "] of the state dict lists ", to_string(names->items()[i]), ", expected a text");
          name = names->items()[i].as_text();
        }
        listed_.push_back({id, g, std::move(name)});
      }
    }
  }

  /// Finds for every parameter, counted through all groups, which of those listed it is, and whose options a group
  /// takes.
  void match() {
    const bool by_name = index_names();
    if (by_name) match_names();
    if (by_name && !strict_) {
      for (std::size_t i = matched_.size(); i-- > 0;) {  // to the first that is matched
        if (matched_[i] != none) sources_[group_at(i)] = listed_[matched_[i]].group;
      }
      return note_left();
    }
    check_counts(by_name);
    std::iota(sources_.begin(), sources_.end(), 0);
    if (by_name)
      note_faults();
    else
      std::iota(matched_.begin(), matched_.end(), 0);
  }

  /// Whether both sides have names, each its own for every parameter.
  bool index_names() {
    matched_.assign(optimizer_.parameter_count(), none);
    sources_.assign(optimizer_.groups_.size(), none);
    if (!saved_named_) return false;
    for (std::size_t i = 0; i < listed_.size(); ++i)
      if (!by_name_.emplace(listed_[i].name, i).second) return false;
    std::unordered_set<std::string> present;
    for (const Group& group : optimizer_.groups_) {
      if (group.names.size() != group.parameters.size()) return false;
      for (const std::string& name : group.names)
        if (!present.insert(name).second) return false;
    }
    return true;
  }

  void match_names() {
    for (const Group& group : optimizer_.groups_) {
      for (std::size_t i = 0; i < group.names.size(); ++i) {
        const auto found = by_name_.find(group.names[i]);
        if (found == by_name_.end()) {
          missing_.push_back(group.names[i]);
        } else {
          matched_[group.first + i] = found->second;
          by_name_.erase(found);
        }
      }
    }
    for (const Listed& saved : listed_)
      if (by_name_.contains(saved.name)) unexpected_.push_back(saved.name);
  }

  /// PyTorch's two checks.
  void check_counts(bool by_name) const {
    std::vector<std::size_t> saved(groups_->size());
    for (const Listed& each : listed_) ++saved[each.group];
    const auto differ = [&](const char* message) {
      std::string hint =
          "without names on both sides, parameters are matched by their position: give the optimizer "
          "named_parameters()";
      if (by_name) {
        hint = "strict = false loads what both have";
        if (!missing_.empty()) hint += text("; only here: ", quoted(missing_));
        if (!unexpected_.empty()) hint += text("; only in the state dict: ", quoted(unexpected_));
      }
      throw StateDictError(message, {.hint = hint});
    };
    if (saved.size() != optimizer_.groups_.size())
      differ("loaded state dict has a different number of parameter groups");
    for (std::size_t g = 0; g < saved.size(); ++g) {
      if (saved[g] != optimizer_.groups_[g].parameters.size())
        differ("loaded state dict contains a parameter group that doesn't match the size of optimizer's group");
    }
  }

  static std::string quoted(const std::vector<std::string>& names) {
    constexpr std::size_t shown = 5;
    std::string list;
    for (std::size_t i = 0; i < std::min(shown, names.size()); ++i) list += text(i ? ", \"" : "\"", names[i], '"');
    return names.size() > shown ? text(list, " and ", names.size() - shown, " more") : list;
  }

  void note_faults() {
    for (const std::string& name : missing_)
      faults_.push_back(text("parameter \"", name, "\" is not among the param_names of the state dict"));
    for (const std::string& name : unexpected_)
      faults_.push_back(text("the state dict has a parameter \"", name, "\", which is not here"));
    for (std::size_t i = 0; i < matched_.size(); ++i) {
      if (matched_[i] == none || listed_[matched_[i]].group == group_at(i)) continue;
      faults_.push_back(text(label(i), " is in group ", listed_[matched_[i]].group, " of the state dict, and in group ",
                             group_at(i), " here"));
    }
  }

  void note_left() {
    plan_.report().missing_keys = missing_;
    plan_.report().unexpected_keys = unexpected_;
    for (std::size_t i = 0; i < matched_.size(); ++i) {
      if (matched_[i] == none || listed_[matched_[i]].group == sources_[group_at(i)]) continue;
      plan_.report().warnings.push_back(
          text(label(i), " was in group ", listed_[matched_[i]].group,
               " of the state dict; it has the options of its group here, which are those of group ",
               sources_[group_at(i)]));
    }
  }

  void read_options() {
    for (std::size_t g = 0; g < optimizer_.groups_.size(); ++g) {
      const Group& present = optimizer_.groups_[g];
      if (sources_[g] == none)
        next_->groups.push_back(present);
      else
        read_group(Group{present.parameters, present.names, {}, 0, present.first}, sources_[g]);
    }
  }

  void read_group(Group group, std::size_t source) {
    bool names_listed = false;
    const std::size_t faults_before = faults_.size();
    for_each_entry((*groups_)[source], [&](const std::string& name, const Value& value) {
      if (name == "params") return;
      if (name == "param_names") {
        names_listed = true;
        group.names_at = group.options.size();
        if (group.names.empty()) adopt_names(group, value);
        return;
      }
      if (const std::string fault = optimizer_.option_fault(name, value); !fault.empty()) {
        faults_.push_back(text("param_groups[", source, "]: ", fault));
        of_another_class_ = of_another_class_ || !optimizer_.known_option(name);
      } else {
        group.options.set(name, value);
      }
    });
    if (!names_listed) group.names_at = group.options.size();
    for (const Optimizer::Option& option : optimizer_.options_) add_missing(group, option, source);
    // A scheduler may leave what no user may set: OneCycleLR's last line ends below 0.
    if (faults_.size() == faults_before && !group.options.contains("initial_lr")) {
      try {
        optimizer_.validate(group.options);
      } catch (const ValueError& error) {
        faults_.push_back(text("param_groups[", source, "]: ", error.message()));
      }
    }
    next_->groups.push_back(std::move(group));
  }

  static void adopt_names(Group& group, const Value& names) {
    if (!is_sequence(&names) || names.size() != group.parameters.size()) return;
    for (const Value& name : names.items()) {
      if (!name.is(Value::Kind::text)) return group.names.clear();
      group.names.push_back(name.as_text());
    }
  }

  /// Options that older versions did not save are off; a number that is missing is a fault.
  void add_missing(Group& group, const Optimizer::Option& option, std::size_t g) {
    const std::string name(option.name);
    if (group.options.contains(name) || find((*groups_)[g], name)) return;
    if (option.kind == Optimizer::OptionKind::flag)
      group.options.set(name, option.fixed && option.value.as_bool());
    else if (option.kind == Optimizer::OptionKind::optional_flag)
      group.options.set(name, Value());
    else
      faults_.push_back(
          text("param_groups[", g, "] of the state dict lacks the option '", name, "' of ", optimizer_.name()));
  }

  void read_state() {
    next_->state.resize(optimizer_.state_.size());
    std::unordered_map<std::string, std::size_t> parameters;  // by what the saved state calls them
    for (const Listed& saved : listed_) parameters.emplace(to_string(saved.id), none);
    for (std::size_t i = 0; i < matched_.size(); ++i)
      if (matched_[i] != none) parameters[to_string(listed_[matched_[i]].id)] = i;
    for_each_state([&](const Value& id, const Value& entry) {
      const auto found = parameters.find(to_string(id));
      if (found == parameters.end()) {
        faults_.push_back(
            text("the state dict holds state for parameter ", to_string(id), ", which is in no group of it"));
      } else if (found->second == none) {
        return;
      } else if (!entry.is_mapping()) {
        faults_.push_back(text("the state of ", label(found->second), " is ", name(entry.kind()), ", expected a dict"));
      } else {
        read_parameter(found->second, entry);
      }
    });
    keep_unmatched();
  }

  /// Parameters that the saved state does not know keep what they have.
  void keep_unmatched() {
    const std::size_t width = optimizer_.slots_.size();
    for (const std::size_t parameter : optimizer_.created_) {
      if (matched_[parameter] != none) continue;
      const auto kept = optimizer_.state_.begin() + static_cast<std::ptrdiff_t>(parameter * width);
      std::copy_n(kept, width, next_->state.begin() + static_cast<std::ptrdiff_t>(parameter * width));
      next_->created.push_back(parameter);
    }
  }

  template <class F>
  void for_each_state(F&& f) {
    if (state_->is(Value::Kind::state_dict)) {
      for (const auto& [key, value] : state_->as_state_dict()) f(id_of(Key(key)), value);
    } else {
      for (const auto& [key, value] : state_->as_dict()) f(id_of(key), value);
    }
  }

  /// Formats whose keys are always texts write parameter 0 as "0".
  Value id_of(const Key& key) const {
    if (!key.is_text()) return key.number();
    const std::string& digits = key.text();
    const bool is_number =
        !digits.empty() && digits.size() < 10 && digits.find_first_not_of("0123456789") == digits.npos;
    const bool texts = !listed_.empty() && listed_.front().id.is(Value::Kind::text);
    return is_number && !texts ? Value(std::stol(digits)) : Value(digits);
  }

  void read_parameter(std::size_t parameter, const Value& entry) {
    const std::size_t width = optimizer_.slots_.size();
    bool any = false;
    for_each_entry(entry, [&](const std::string& name, const Value& value) {
      const auto slot = std::find_if(optimizer_.slots_.begin(), optimizer_.slots_.end(),
                                     [&](const auto& each) { return each.name == name; });
      if (slot == optimizer_.slots_.end()) {
        faults_.push_back(text("the state of ", label(parameter), " holds '", name, "', which ", optimizer_.name(),
                               " does not keep"));
        return;
      }
      if (value.is_none() && slot->optional) return;  // as older versions wrote a buffer that did not exist yet
      const auto index = static_cast<std::size_t>(slot - optimizer_.slots_.begin());
      next_->state[parameter * width + index] =
          slot->counts_steps ? read_steps(parameter, index, value) : read_tensor(parameter, index, value);
      any = true;
    });
    if (!any) return;
    next_->created.push_back(parameter);
    for (std::size_t index = 0; index < width; ++index) {
      if (next_->state[parameter * width + index].defined() || find(entry, optimizer_.slots_[index].name)) continue;
      if (is_needed(optimizer_.slots_[index], parameter)) {
        faults_.push_back(text("the state of ", label(parameter), " lacks '", optimizer_.slots_[index].name, "'"));
      }
    }
  }

  bool is_needed(const Optimizer::Slot& slot, std::size_t parameter) const {
    if (!slot.optional) return true;
    if (slot.needed_by.empty()) return false;
    const Value* option = next_->groups[group_at(parameter)].options.find(slot.needed_by);
    return option && (option->is(Value::Kind::boolean) || is_number(*option)) && option->as_float() > 0;
  }

  /// The tensor that will hold the numbers: the present one if there is one, so that whoever holds it sees them.
  Tensor read_tensor(std::size_t parameter, std::size_t slot, const Value& value) {
    const Tensor& owner = parameter_at(parameter);
    const std::string key = text("state.", parameter, ".", optimizer_.slots_[slot].name);
    if (!value.is(Value::Kind::tensor)) {
      faults_.push_back(text("'", optimizer_.slots_[slot].name, "' of ", label(parameter), " is ", name(value.kind()),
                             ", expected a tensor"));
      return {};
    }
    const Tensor& from = value.as_tensor();
    if (from.shape() != owner.shape()) {
      faults_.push_back(text("size mismatch for '", optimizer_.slots_[slot].name, "' of ", label(parameter),
                             ": the state dict has ", from.shape(), ", the parameter is ", owner.shape()));
      return {};
    }
    Tensor to = optimizer_.state_[parameter * optimizer_.slots_.size() + slot];
    if (!to.defined() || to.shape() != owner.shape() || to.dtype() != owner.dtype() || to.device() != owner.device())
      to = empty_like(owner.detach());
    plan_.transfer(key, from, to);
    return to;
  }

  /// The number of steps, which older versions saved as an int.
  Tensor read_steps(std::size_t parameter, std::size_t slot, const Value& value) {
    if (!is_number(value) && !(value.is(Value::Kind::tensor) && value.as_tensor().numel() == 1)) {
      faults_.push_back(text("'", optimizer_.slots_[slot].name, "' of ", label(parameter), " is ", name(value.kind()),
                             ", expected a scalar tensor"));
      return {};
    }
    Tensor to = optimizer_.state_[parameter * optimizer_.slots_.size() + slot];
    if (!to.defined()) to = zeros({});
    const Tensor from = is_number(value) ? scalar_tensor(value.as_float()) : value.as_tensor();
    plan_.transfer(text("state.", parameter, ".", optimizer_.slots_[slot].name), from,
                   from.dim() == 0 ? to : to.view(from.shape()));
    return to;
  }

  const Tensor& parameter_at(std::size_t parameter) const {
    const Group& group = optimizer_.groups_[group_at(parameter)];
    return group.parameters[parameter - group.first];
  }
  std::size_t group_at(std::size_t parameter) const {
    const auto after = std::upper_bound(optimizer_.groups_.begin(), optimizer_.groups_.end(), parameter,
                                        [](std::size_t index, const Group& group) { return index < group.first; });
    return static_cast<std::size_t>(after - optimizer_.groups_.begin()) - 1;
  }
  std::string label(std::size_t parameter) const {
    const Group& group = optimizer_.groups_[group_at(parameter)];
    return group.names.empty() ? text("parameter ", parameter)
                               : text("parameter \"", group.names[parameter - group.first], '"');
  }

  Optimizer& optimizer_;
  const Value& saved_;
  const Value* state_ = nullptr;
  const std::vector<Value>* groups_ = nullptr;
  bool strict_;
  bool saved_named_ = true;
  std::vector<Listed> listed_;                            // the saved ones
  std::vector<std::size_t> matched_;                      // where in `listed_`, by parameter
  std::vector<std::size_t> sources_;                      // which saved group, by group
  std::unordered_map<std::string, std::size_t> by_name_;  // those of `listed_` not matched yet
  std::vector<std::string> missing_, unexpected_;         // names that only one side has
  std::shared_ptr<Next> next_ = std::make_shared<Next>();
  std::vector<std::string> faults_;
  bool of_another_class_ = false;  // it has options that this one does not know
  LoadPlan plan_;
};

LoadPlan Optimizer::plan_load(const Value& state, const LoadOptions& options) {
  return OptimizerLoader(*this, state, options.strict).plan();
}

LoadPlan Optimizer::plan_load(const Value& state) { return plan_load(state, LoadOptions{}); }

LoadReport Optimizer::load_state_dict(const Value& state, const LoadOptions& options) {
  return plan_load(state, options).commit(options.commit);
}

}  // namespace cairn::optim
