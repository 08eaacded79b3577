// A scheduler: changes the learning rates of an optimizer's groups from epoch to epoch.
//
//   optim::SGD sgd(model.named_parameters(), {.lr = 0.1});
//   optim::StepLR scheduler(sgd, 30);              // a tenth of the rate every 30 epochs
//   for (...) { ...  sgd.step(); }                 // an epoch
//   scheduler.step();                              // after it
//
// Rates are computed from the present ones wherever PyTorch does so: several schedulers of one optimizer multiply, and
// a rate that was set by hand is gone on from. All that a scheduler knows is a Dict of fields, with PyTorch's names in
// PyTorch's order: it is the state dict, and loading replaces it. The rates themselves are the optimizer's, and are
// saved and loaded with it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <cairn/core/stateful.h>
#include <cairn/core/value.h>
#include <cairn/optim/optimizer.h>

namespace cairn::optim {

/// One number for all groups of an optimizer, or a list with one for each.
struct PerGroup {
  template <class T>
  requires std::is_arithmetic_v<T> PerGroup(T number) : numbers{Scalar(number)} {}
  PerGroup(std::initializer_list<Scalar> list) : numbers(list), is_list(true) {}
  PerGroup(std::vector<Scalar> list) : numbers(std::move(list)), is_list(true) {}

  std::vector<Scalar> numbers;
  bool is_list = false;
};

class LRScheduler : public Stateful {
 public:
  LRScheduler(const LRScheduler&) = delete;
  LRScheduler& operator=(const LRScheduler&) = delete;

  /// Goes on to the next epoch and sets the rates; on an error nothing has changed.
  virtual void step();

  std::vector<double> get_last_lr() const;  ///< The rates of all groups as the last step left them.
  std::int64_t last_epoch() const { return field("last_epoch").as_int(); }

  Value state_dict() const { return state(); }  ///< PyTorch's keys.
  Value state() const override { return fields_; }

  /// Throws StateDictError naming everything that does not fit; nothing is changed then. The plan must not outlive the
  /// scheduler.
  LoadPlan plan_load(const Value& state) override;
  LoadReport load_state_dict(const Value& state) { return plan_load(state).commit(); }

  virtual std::string name() const = 0;  ///< "StepLR"

 protected:
  /// The step that is being made. The first is the constructor's, to epoch 0 unless one was given.
  struct Moment {
    std::int64_t epoch;
    bool initial;
  };

  LRScheduler(Optimizer& optimizer, Dict fields) : optimizer_(&optimizer), fields_(std::move(fields)) {}

  /// For constructors: takes the rates to begin with and makes the first step. `last_epoch` is -1 for a new run.
  /// Throws KeyError with PyTorch's text if it is not, and the groups do not say what they began with.
  void start(std::int64_t last_epoch);

  /// The rate of a group at that moment, from what it is now.
  virtual Value get_lr(std::size_t group, const Moment& now) const = 0;
  /// All options of a group that the step sets.
  virtual Dict get_options(std::size_t group, const Moment& now) const { return {{"lr", get_lr(group, now)}}; }
  /// Throws ValueError or TypeError unless the fields, of the right kinds already, make sense.
  virtual void validate(const Dict& fields) const = 0;

  const Dict& fields() const { return fields_; }
  const Value& field(std::string_view name) const { return fields_.at(Key(name)); }
  void set_field(std::string_view name, Value value) { fields_.set(Key(name), std::move(value)); }
  const Optimizer& optimizer() const { return *optimizer_; }
  const Value& lr(std::size_t group) const { return optimizer_->option(group, "lr"); }
  const Value& base_lr(std::size_t group) const;
  bool has_option(std::string_view name) const { return optimizer_->known_option(name) != nullptr; }  ///< Of the class.
  void put_option(std::size_t group, std::string_view name, Value value);

  /// The options `name` of all groups.
  List options_of_groups(std::string_view name) const;
  /// A number for each group. Throws ValueError with PyTorch's text for a list of another length.
  std::vector<Value> for_groups(const PerGroup& given, const char* name) const;

 private:
  void advance(bool initial);

  Optimizer* optimizer_;
  Dict fields_;
};

/// Throws unless the field is a whole number of at least `least`.
void check_whole(const Dict& fields, const char* name, std::int64_t least);

}  // namespace cairn::optim
