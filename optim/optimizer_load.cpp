// Matching a saved optimizer with one that is there: everything is checked, and every fault named, before a number
// moves.
//
// PyTorch checks the number of groups and their sizes and nothing else: Adam's state loads into SGD and fails at the
// next step. Here a state that belongs to another class, an option that does not exist and a tensor that does not fit
// its parameter are faults of the load. Tensors are copied, never shared with the saved state, and the numbers of steps
// stay on the CPU.
#include <cairn/optim/optimizer.h>

#include <algorithm>
#include <memory>
#include <unordered_map>
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
  OptimizerLoader(Optimizer& optimizer, const Value& saved) : optimizer_(optimizer), saved_(saved) {}

  LoadPlan plan() {
    find_parts();
    match_groups();
    match_parameters();
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

  /// A parameter as the saved state names it.
  struct Saved {
    Value id;
    std::size_t group;
  };

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

  void match_groups() {
    check<StateDictError>(groups_->size() == optimizer_.groups_.size(),
                          "loaded state dict has a different number of parameter groups");
    for (std::size_t g = 0; g < groups_->size(); ++g) {
      const Value& group = (*groups_)[g];
      const Value* params = group.is_mapping() ? find(group, "params") : nullptr;
      check<StateDictError>(is_sequence(params), "param_groups[", g,
                            "] of the state dict is no dict with a list 'params'");
      check<StateDictError>(
          params->size() == optimizer_.groups_[g].parameters.size(),
          "loaded state dict contains a parameter group that doesn't match the size of optimizer's group");
      for (const Value& id : params->items()) {
        check<StateDictError>(id.is(Value::Kind::integer) || id.is(Value::Kind::text), "param_groups[", g,
                              "] of the state dict lists ", to_string(id), " among its 'params', expected a number");
      }
    }
  }

  /// Finds for every parameter, counted through all groups, what the saved state calls it.
  void match_parameters() {
    for (std::size_t g = 0; g < groups_->size(); ++g) {
      for (const Value& id : (*groups_)[g]["params"].items()) ids_.push_back({id, g});
    }
    bool both_named = true;
    std::unordered_map<std::string, Saved> by_name;
    for (std::size_t g = 0, first = 0; g < groups_->size(); first += optimizer_.groups_[g++].parameters.size()) {
      const Value* names = find((*groups_)[g], "param_names");
      const std::size_t count = optimizer_.groups_[g].parameters.size();
      both_named =
          both_named && is_sequence(names) && names->size() == count && optimizer_.groups_[g].names.size() == count;
      if (!both_named) return;
      for (std::size_t i = 0; i < count; ++i) {
        check<StateDictError>(names->items()[i].is(Value::Kind::text), "param_names of param_groups[", g,
                              "] of the state dict lists ", to_string(names->items()[i]), ", expected a text");
        by_name.emplace(names->items()[i].as_text(), ids_[first + i]);
      }
    }
    for (std::size_t g = 0; g < optimizer_.groups_.size(); ++g) {
      const Group& group = optimizer_.groups_[g];
      for (std::size_t i = 0; i < group.names.size(); ++i) {
        const auto found = by_name.find(group.names[i]);
        if (found == by_name.end()) {
          faults_.push_back(text("parameter \"", group.names[i], "\" is not among the param_names of the state dict"));
        } else if (found->second.group != g) {
          faults_.push_back(text("parameter \"", group.names[i], "\" is in group ", found->second.group,
                                 " of the state dict, and in group ", g, " here"));
        } else {
          ids_[group.first + i] = found->second;
          by_name.erase(found);
        }
      }
    }
    if (faults_.empty()) return;
    for (const auto& [name, saved] : by_name) {
      const Group& group = optimizer_.groups_[saved.group];
      if (std::find(group.names.begin(), group.names.end(), name) == group.names.end()) {
        faults_.push_back(text("the state dict has a parameter \"", name, "\", which is not here"));
      }
    }
  }

  void read_options() {
    for (std::size_t g = 0; g < groups_->size(); ++g) {
      const Group& present = optimizer_.groups_[g];
      Group group{present.parameters, present.names, {}, 0, present.first};
      bool names_listed = false;
      const std::size_t faults_before = faults_.size();
      for_each_entry((*groups_)[g], [&](const std::string& name, const Value& value) {
        if (name == "params") return;
        if (name == "param_names") {
          names_listed = true;
          group.names_at = group.options.size();
          if (group.names.empty()) adopt_names(group, value);
          return;
        }
        if (const std::string fault = optimizer_.option_fault(name, value); !fault.empty()) {
          faults_.push_back(text("param_groups[", g, "]: ", fault));
          of_another_class_ = of_another_class_ || !optimizer_.known_option(name);
        } else {
          group.options.set(name, value);
        }
      });
      if (!names_listed) group.names_at = group.options.size();
      for (const Optimizer::Option& option : optimizer_.options_) add_missing(group, option, g);
      if (faults_.size() == faults_before) {
        try {
          optimizer_.validate(group.options);
        } catch (const ValueError& error) {
          faults_.push_back(text("param_groups[", g, "]: ", error.message()));
        }
      }
      next_->groups.push_back(std::move(group));
    }
  }

  template <class F>
  static void for_each_entry(const Value& mapping, F&& f) {
    if (mapping.is(Value::Kind::dict)) {
      for (const auto& [key, value] : mapping.as_dict()) f(key.plain(), value);
    } else {
      for (const auto& [key, value] : mapping.as_state_dict()) f(key, value);
    }
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
    for (std::size_t i = 0; i < ids_.size(); ++i) parameters.emplace(to_string(ids_[i].id), i);
    for_each_state([&](const Value& id, const Value& entry) {
      const auto found = parameters.find(to_string(id));
      if (found == parameters.end()) {
        faults_.push_back(
            text("the state dict holds state for parameter ", to_string(id), ", which is in no group of it"));
      } else if (!entry.is_mapping()) {
        faults_.push_back(text("the state of ", label(found->second), " is ", name(entry.kind()), ", expected a dict"));
      } else {
        read_parameter(found->second, entry);
      }
    });
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
    const bool texts = !ids_.empty() && ids_.front().id.is(Value::Kind::text);
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
    const Value* option = next_->groups[ids_[parameter].group].options.find(slot.needed_by);
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
    std::size_t g = 0;
    while (parameter >= optimizer_.groups_[g].first + optimizer_.groups_[g].parameters.size()) ++g;
    return g;
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
  std::vector<Saved> ids_;  // by parameter, counted through all groups
  std::shared_ptr<Next> next_ = std::make_shared<Next>();
  std::vector<std::string> faults_;
  bool of_another_class_ = false;  // it has options that this one does not know
  LoadPlan plan_;
};

LoadPlan Optimizer::plan_load(const Value& state) { return OptimizerLoader(*this, state).plan(); }

LoadReport Optimizer::load_state_dict(const Value& state, const CommitOptions& options) {
  return plan_load(state).commit(options);
}

}  // namespace cairn::optim
