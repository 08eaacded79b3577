// The first step and the next ones, and loading.
#include <cairn/optim/lr_scheduler.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include <cairn/core/suggest.h>
#include <cairn/optim/options.h>

namespace cairn::optim {
namespace {

/// Fields that hold something for each group.
constexpr std::array<std::string_view, 4> lists_of_groups = {"base_lrs", "_last_lr", "min_lrs", "lr_lambdas"};

/// Whether a saved field is of the kind that the present one has. Numbers may be whole or not; where None is, a number
/// may be.
bool is_alike(const Value& present, const Value& saved) {
  if (is_number(present)) return is_number(saved);
  if (present.is_none()) return is_number(saved) || saved.is_none();
  const auto is_sequence = [](const Value& value) {
    return value.is(Value::Kind::list) || value.is(Value::Kind::tuple);
  };
  if (!is_sequence(present)) return present.kind() == saved.kind();
  if (!is_sequence(saved)) return false;
  for (const Value& item : saved.items()) {
    const bool alike = present.size() == 0 || is_alike(present.items().front(), item) ||
                       (present.items().front().is_none() && item.is(Value::Kind::dict));  // a callable object's own
    if (!alike) return false;
  }
  return true;
}

/// Fields that need not be on both sides: PyTorch's inner ones, which change from version to version, and that of
/// OneCycleLR which says nothing where the momentum does not move.
bool may_be_absent(std::string_view name) { return name.starts_with('_') || name == "verbose" || name == "use_beta1"; }

}  // namespace

void LRScheduler::start(std::int64_t last_epoch) {
  check<ValueError>(last_epoch >= -1, name(), ": last_epoch is ", last_epoch, ", expected at least -1");
  validate(fields_);
  for (std::size_t group = 0; group < optimizer_->group_count(); ++group) {
    if (optimizer_->groups_[group].options.contains("initial_lr")) continue;
    check<KeyError>(
        last_epoch == -1, "param 'initial_lr' is not specified in param_groups[", group,
        "] when resuming scheduler with last_epoch >= 0.\nThis typically happens when:\n1. You're trying to "
        "resume training from a checkpoint but haven't properly loaded the optimizer state\n2. You're "
        "using last_epoch >= 0 for a fresh training run (not recommended)");
    put_option(group, "initial_lr", lr(group));
  }
  set_field("base_lrs", options_of_groups("initial_lr"));
  set_field("last_epoch", last_epoch);
  set_field("_step_count", 0);
  set_field("_is_initial", false);
  set_field("_get_lr_called_within_step", false);
  advance(true);
}

void LRScheduler::step() { advance(false); }

void LRScheduler::advance(bool initial) {
  const Moment now{last_epoch() + 1, initial};
  std::vector<Dict> options;
  for (std::size_t group = 0; group < optimizer_->group_count(); ++group) options.push_back(get_options(group, now));
  for (std::size_t group = 0; group < options.size(); ++group)
    for (const auto& [key, value] : options[group]) put_option(group, key.text(), value);
  set_field("last_epoch", now.epoch);
  set_field("_step_count", field("_step_count").as_int() + 1);
  set_field("_last_lr", options_of_groups("lr"));
}

std::vector<double> LRScheduler::get_last_lr() const {
  std::vector<double> rates;
  for (const Value& rate : field("_last_lr").items()) rates.push_back(rate.as_float());
  return rates;
}

const Value& LRScheduler::base_lr(std::size_t group) const {
  const std::vector<Value>& rates = field("base_lrs").items();
  check<ValueError>(group < rates.size(), name(), ": the optimizer has ", optimizer_->group_count(),
                    " parameter groups, and had ", rates.size(),
                    " when the scheduler was made; make the scheduler after the last add_param_group");
  return rates[group];
}

void LRScheduler::put_option(std::size_t group, std::string_view name, Value value) {
  optimizer_->put_option(group, name, std::move(value));
}

List LRScheduler::options_of_groups(std::string_view name) const {
  List values;
  for (std::size_t group = 0; group < optimizer_->group_count(); ++group)
    values.items.push_back(optimizer_->option(group, name));
  return values;
}

std::vector<Value> LRScheduler::for_groups(const PerGroup& given, const char* name) const {
  const std::size_t groups = optimizer_->group_count();
  check<ValueError>(!given.is_list || given.numbers.size() == groups, name,
                    " must have the same length as optimizer.param_groups. ", name, " has ", given.numbers.size(),
                    " values, param_groups has ", groups, ".");
  std::vector<Value> values;
  for (std::size_t group = 0; group < groups; ++group)
    values.push_back(to_value(given.numbers[given.is_list ? group : 0]));
  return values;
}

LoadPlan LRScheduler::plan_load(const Value& state) {
  check<TypeError>(state.is_mapping(), "Expected state_dict to be dict-like, got <class '", cairn::name(state.kind()),
                   "'>.");
  const auto next = std::make_shared<Dict>(fields_);
  std::vector<std::string> faults, names;
  for (const auto& [key, value] : fields_) names.push_back(key.text());
  for_each_entry(state, [&](const std::string& key, const Value& value) {
    const Value* present = fields_.find(key);
    if (!present) {
      if (!may_be_absent(key)) faults.push_back(text(name(), " has no field '", key, "'", describe_keys(key, names)));
    } else if (!is_alike(*present, value) && !(key == "default_min_lr" && value.is_none())) {
      faults.push_back(text("'", key, "' is ", to_string(value), ", expected something like ", to_string(*present)));
    } else if (std::find(lists_of_groups.begin(), lists_of_groups.end(), key) != lists_of_groups.end() &&
               value.size() != optimizer_->group_count()) {
      faults.push_back(text("'", key, "' has ", value.size(), " entries, but the optimizer has ",
                            optimizer_->group_count(), " parameter groups"));
    } else {
      next->set(key, value);
    }
  });
  for (const std::string& key : names)
    if (!may_be_absent(key) && !state.contains(key)) faults.push_back(text("there is no '", key, "'"));
  if (faults.empty()) {
    try {
      for (const char* count : {"last_epoch", "_step_count"})
        if (next->contains(count)) check_whole(*next, count, 0);
      validate(*next);
    } catch (const Error& error) {
      faults.push_back(error.message());
    }
  }
  if (!faults.empty()) {
    std::string message = text("Error(s) in loading state_dict for ", name(), ":");
    for (const std::string& fault : faults) message += "\n\t" + fault;
    throw StateDictError(message);
  }
  LoadPlan plan;
  plan.then([this, next] { std::swap(fields_, *next); });
  return plan;
}

void check_whole(const Dict& fields, const char* name, std::int64_t least) {
  const Value& value = fields.at(name);
  check<ValueError>(value.is(Value::Kind::integer) && value.as_int() >= least, name, " is ", to_string(value),
                    ", expected a whole number of at least ", least);
}

}  // namespace cairn::optim
