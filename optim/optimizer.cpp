// Groups and their options, the state and its names.
#include <cairn/optim/optimizer.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <unordered_set>

#include <cairn/core/autograd.h>
#include <cairn/core/suggest.h>
#include <cairn/core/tensor_impl.h>
#include <cairn/optim/options.h>

namespace cairn::optim {
namespace {

/// What schedulers keep in a group, beside the optimizer's own options.
constexpr std::array<std::string_view, 7> scheduler_options = {"initial_lr",   "max_lr",        "min_lr", "base_lr",
                                                               "max_momentum", "base_momentum", "swa_lr"};

}  // namespace

ParameterList::ParameterList(std::vector<std::pair<std::string, Tensor>> named) {
  tensors.reserve(named.size());
  names.reserve(named.size());
  for (auto& [name, tensor] : named) {
    names.push_back(std::move(name));
    tensors.push_back(std::move(tensor));
  }
}

std::vector<ParameterGroup> one_group(ParameterList parameters) {
  std::vector<ParameterGroup> groups;
  groups.push_back({std::move(parameters), {}});
  return groups;
}

Optimizer::Optimizer(std::vector<Option> options, std::vector<Slot> slots)
    : options_(std::move(options)), slots_(std::move(slots)) {}

void Optimizer::add_groups(std::vector<ParameterGroup> groups) {
  Dict defaults;
  for (const Option& option : options_) {
    check_option(option.name, option.value);
    defaults.set(std::string(option.name), option.value);
  }
  validate(defaults);
  const bool empty = groups.empty() || (groups.size() == 1 && groups.front().parameters.tensors.empty());
  check<ValueError>(!empty, "optimizer got an empty parameter list");
  for (ParameterGroup& group : groups) add_param_group(std::move(group));
}

void Optimizer::add_param_group(ParameterGroup group) {
  Group made = checked_group(std::move(group));
  made.first = parameter_count();
  state_.resize((made.first + made.parameters.size()) * slots_.size());
  groups_.push_back(std::move(made));
  options_changed(groups_.size() - 1);
}

Optimizer::Group Optimizer::checked_group(ParameterGroup given) const {
  Group group;
  group.parameters = std::move(given.parameters.tensors);
  group.names = std::move(given.parameters.names);
  for (const Tensor& parameter : group.parameters) {
    check<TypeError>(parameter.defined(), "optimizer can only optimize Tensors, but one of the params is NoneType");
    check<ValueError>(parameter.is_leaf(), "can't optimize a non-leaf Tensor");
  }
  if (!groups_.empty() && group.names.empty() != groups_.front().names.empty()) {
    throw ValueError(text("all optimizer param groups should be with/without names. cannot add param group ",
                          group.names.empty() ? "without names" : "with names", " to the optimizer"));
  }
  std::unordered_set<const TensorImpl*> others, own;
  for (const Group& other : groups_) {
    for (const Tensor& parameter : other.parameters) others.insert(parameter.impl());
  }
  for (const Tensor& parameter : group.parameters) {
    check<ValueError>(!others.contains(parameter.impl()), "some parameters appear in more than one parameter group");
    check<ValueError>(own.insert(parameter.impl()).second,
                      "optimizer contains a parameter group with duplicate parameters");
  }

  for (const auto& [key, value] : given.options) {
    check_option(key.plain(), value);
    group.options.set(key, value);
  }
  group.names_at = group.options.size();
  for (const Option& option : options_) {
    if (!group.options.contains(option.name)) group.options.set(std::string(option.name), option.value);
  }
  validate(group.options);
  return group;
}

const Optimizer::Option* Optimizer::known_option(std::string_view name) const {
  const auto found =
      std::find_if(options_.begin(), options_.end(), [&](const Option& option) { return option.name == name; });
  return found == options_.end() ? nullptr : &*found;
}

std::string Optimizer::option_fault(std::string_view name, const Value& value) const {
  const Option* option = known_option(name);
  if (!option) {
    if (std::find(scheduler_options.begin(), scheduler_options.end(), name) != scheduler_options.end()) return {};
    std::vector<std::string> names;
    for (const Option& each : options_) names.emplace_back(each.name);
    return text(this->name(), " has no option '", name, "'", describe_keys(name, names));
  }
  const auto wrong = [&](std::string_view expected) {
    return text(this->name(), ": option '", name, "' is ", to_string(value), ", expected ", expected);
  };
  switch (option->kind) {
    case OptionKind::number:
      return is_number(value) ? "" : wrong("a number");
    case OptionKind::flag:
      if (option->fixed && value.is(Value::Kind::boolean) && value.as_bool() != option->value.as_bool())
        return wrong(to_string(option->value));
      return value.is(Value::Kind::boolean) ? "" : wrong("True or False");
    case OptionKind::optional_flag:
      return value.is_none() || value.is(Value::Kind::boolean) ? "" : wrong("True, False or None");
    case OptionKind::pair:
      break;
  }
  const bool is_pair = (value.is(Value::Kind::tuple) || value.is(Value::Kind::list)) && value.size() == 2 &&
                       is_number(value.items()[0]) && is_number(value.items()[1]);
  return is_pair ? "" : wrong("two numbers");
}

void Optimizer::check_option(std::string_view name, const Value& value) const {
  const std::string fault = option_fault(name, value);
  if (fault.empty()) return;
  if (!known_option(name)) throw KeyError(fault);
  throw TypeError(fault);
}

std::size_t Optimizer::parameter_count() const {
  return groups_.empty() ? 0 : groups_.back().first + groups_.back().parameters.size();
}

void Optimizer::throw_no_group(std::size_t group) const {
  throw IndexError(text("there is no parameter group ", group, ": there are ", groups_.size()));
}

bool Optimizer::are_valid(const Dict& options) const {
  try {
    validate(options);
    return true;
  } catch (const ValueError&) {
    return false;
  }
}

const Value& Optimizer::option(std::size_t group, std::string_view name) const {
  const Dict& options = group_at(group).options;
  for (const auto& [key, value] : options)
    if (key.text() == name) return value;  // a Key of a long name takes memory, which the end of a load must not
  return options.at(name);                 // throws
}

void Optimizer::set_option(std::size_t group, std::string_view name, Value value) {
  Dict options = group_at(group).options;
  check_option(name, value);
  const bool were_valid = are_valid(options);  // those of schedulers, say a beta of 1, need not be
  options.set(std::string(name), std::move(value));
  if (were_valid) validate(options);
  groups_[group].options = std::move(options);
  options_changed(group);
}

void Optimizer::put_option(std::size_t group, std::string_view name, Value value) {
  groups_[group].options.set(std::string(name), std::move(value));
  options_changed(group);
}

void Optimizer::zero_grad(bool set_to_none) {
  for (const Group& group : groups_) {
    for (const Tensor& parameter : group.parameters) {
      const Tensor& grad = parameter.grad();
      if (!grad.defined()) continue;
      if (set_to_none)
        parameter.set_grad({});
      else
        grad.detach().zero_();
    }
  }
}

std::span<Tensor> Optimizer::state_of(std::size_t group, std::size_t parameter) {
  return {state_.data() + (groups_[group].first + parameter) * slots_.size(), slots_.size()};
}

void Optimizer::state_created(std::size_t group, std::size_t parameter) {
  created_.push_back(groups_[group].first + parameter);
}

Value Optimizer::param_group(std::size_t index) const {
  const Group& group = group_at(index);
  Dict listed;
  std::size_t position = 0;
  const auto add_names = [&] {
    if (group.names.empty() || position != group.names_at) return;
    List names;
    for (const std::string& name : group.names) names.items.push_back(name);
    listed.set("param_names", std::move(names));
  };
  for (const auto& [key, value] : group.options) {
    add_names();
    listed.set(key, value);
    ++position;
  }
  add_names();
  List params;
  for (std::size_t i = 0; i < group.parameters.size(); ++i) params.items.push_back(group.first + i);
  listed.set("params", std::move(params));
  return listed;
}

Value Optimizer::state_dict() const {
  Dict state;
  for (const std::size_t parameter : created_) {
    Dict named;
    for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
      const Tensor& tensor = state_[parameter * slots_.size() + slot];
      if (tensor.defined()) named.set(std::string(slots_[slot].name), tensor);
    }
    state.set(parameter, std::move(named));
  }
  List groups;
  for (std::size_t i = 0; i < groups_.size(); ++i) groups.items.push_back(param_group(i));
  Dict whole;
  whole.set("state", std::move(state));
  whole.set("param_groups", std::move(groups));
  return whole;
}

std::string Optimizer::repr() const {
  std::string result = name() + " (";
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    result += "\nParameter Group " + std::to_string(i) + "\n";
    const Value group = param_group(i);
    std::vector<std::pair<std::string, const Value*>> sorted;
    for (const auto& [key, value] : group.as_dict()) {
      if (key != Key("params")) sorted.emplace_back(key.plain(), &value);
    }
    std::sort(sorted.begin(), sorted.end());
    for (const auto& [key, value] : sorted) result += "    " + key + ": " + to_string(*value) + "\n";
  }
  return result + ")";
}

std::string to_string(const Optimizer& optimizer) { return optimizer.repr(); }

std::ostream& operator<<(std::ostream& out, const Optimizer& optimizer) { return out << optimizer.repr(); }

}  // namespace cairn::optim
