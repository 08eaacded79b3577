// An optimizer: moves parameters against their gradients, and remembers what it needs between steps.
//
//   optim::SGD sgd(model.named_parameters(), {.lr = 0.1, .momentum = 0.9});
//   sgd.zero_grad();  loss.backward();  sgd.step();
//
// Parameters lie in groups; each group has all options, so that layers can learn at different rates. What is remembered
// of a parameter, its state, is a row of tensors; which ones there are is a table of the class, and `state_dict` gives
// them PyTorch's names and layout:
//
//   {'state': {0: {'momentum_buffer': tensor(...)}, ...},
//    'param_groups': [{'param_names': [...], 'lr': 0.1, 'momentum': 0.9, ..., 'params': [0, 1, 2, 3]}]}
//
// The mathematics of an update is an operation of core's (update.h), one call for all parameters of a group.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cairn/core/stateful.h>
#include <cairn/core/tensor.h>
#include <cairn/core/value.h>
#include <cairn/optim/parameter_list.h>

namespace cairn::optim {

struct LoadOptions {
  /// Parameters that only one side has are errors. If false, and if both sides have names, they are reported: what is
  /// here alone keeps its state and, where its whole group is new, its options.
  bool strict = true;
  CommitOptions commit = {};  ///< Staging and progress of the load itself.
};

class Optimizer : public Stateful {
 public:
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// Moves every parameter that has a gradient. Takes no memory from the system once every parameter has moved.
  virtual void step() = 0;
  void zero_grad(bool set_to_none = true);

  /// Throws ValueError for parameters that another group has, that are no leaves, or for options that make no sense;
  /// KeyError for options that do not exist. Nothing is added then.
  void add_param_group(ParameterGroup group);

  std::size_t group_count() const { return groups_.size(); }
  /// Throws IndexError, like all that take a group's number.
  const std::vector<Tensor>& parameters(std::size_t group = 0) const { return group_at(group).parameters; }
  const Value& option(std::size_t group, std::string_view name) const;     ///< `option(0, "lr")`; throws KeyError.
  void set_option(std::size_t group, std::string_view name, Value value);  ///< Throws KeyError, TypeError, ValueError.
  Value param_group(std::size_t group) const;                              ///< As it stands in the state dict.

  Value state_dict() const;  ///< PyTorch's layout. The tensors in it are the live ones.

  /// Matches `state` with this optimizer, by name where both have names, by position otherwise, and changes nothing.
  /// Saved options replace the present ones; state that the saved one lacks is dropped. Throws StateDictError, with
  /// PyTorch's text where it has one, naming everything that does not fit. The plan must not outlive the optimizer.
  LoadPlan plan_load(const Value& state, const LoadOptions& options);
  LoadPlan plan_load(const Value& state) override;
  LoadReport load_state_dict(const Value& state, const LoadOptions& options = {});
  Value state() const override { return state_dict(); }

  virtual std::string name() const = 0;  ///< "SGD"
  std::string repr() const;

 protected:
  enum class OptionKind : std::uint8_t { number, flag, optional_flag, pair };
  struct Option {
    std::string_view name;
    OptionKind kind;
    Value value;         ///< For groups that do not say.
    bool fixed = false;  ///< A flag that no group may change.
  };

  /// One tensor of a parameter's state.
  struct Slot {
    std::string_view name;
    bool counts_steps = false;        ///< A float32 scalar that stays on the CPU; otherwise shaped like the parameter.
    bool optional = false;            ///< May be absent, unless `needed_by` is on.
    std::string_view needed_by = {};  ///< An option; a number is on above 0.
  };

  Optimizer(std::vector<Option> options, std::vector<Slot> slots);

  /// For constructors: all groups, or an error.
  void add_groups(std::vector<ParameterGroup> groups);

  /// Throws ValueError, with PyTorch's text, unless the options of a group, all of them, make sense.
  virtual void validate(const Dict& options) const = 0;
  /// Called when the options of a group have changed: for copying them to where `step` reads them.
  virtual void options_changed(std::size_t group) = 0;

  std::span<Tensor> state_of(std::size_t group, std::size_t parameter);
  void state_created(std::size_t group, std::size_t parameter);  ///< Keeps the order in which states came to be.

  double number(std::size_t group, std::string_view name) const { return option(group, name).as_float(); }
  bool flag(std::size_t group, std::string_view name) const { return option(group, name).as_bool(); }

 private:
  friend class OptimizerLoader;  // optimizer_load.cpp
  friend class LRScheduler;

  struct Group {
    std::vector<Tensor> parameters;
    std::vector<std::string> names;
    Dict options;              ///< In the order in which they are listed.
    std::size_t names_at = 0;  ///< Before which option the names are listed.
    std::size_t first = 0;     ///< Index of its first parameter, counted through all groups.
  };

  const Group& group_at(std::size_t group) const {
    if (group >= groups_.size()) [[unlikely]]
      throw_no_group(group);
    return groups_[group];
  }
  [[noreturn]] void throw_no_group(std::size_t group) const;
  Group checked_group(ParameterGroup group) const;
  bool are_valid(const Dict& options) const;  ///< As `validate` has it.
  const Option* known_option(std::string_view name) const;
  std::string option_fault(std::string_view name, const Value& value) const;  ///< Empty if it may be set.
  void check_option(std::string_view name, const Value& value) const;
  std::size_t parameter_count() const;
  void put_option(std::size_t group, std::string_view name, Value value);  ///< For schedulers: nothing is checked.

  std::vector<Option> options_;
  std::vector<Slot> slots_;
  std::vector<Group> groups_;
  std::vector<Tensor> state_;         ///< slots_.size() for each parameter.
  std::vector<std::size_t> created_;  ///< Indices of the parameters that have state, in the order they got it.
};

std::string to_string(const Optimizer& optimizer);  ///< As PyTorch prints it.
std::ostream& operator<<(std::ostream& out, const Optimizer& optimizer);

}  // namespace cairn::optim
