// Whole models: a module as a Value, and back.
//
//   io::save("model.cairn", nn::to_value(model));
//
//   nn::Registry registry = nn::Registry::built_in();      the classes that a file may make
//   registry.add<MyModel>();
//   std::shared_ptr<nn::Module> model = nn::from_value(io::load("model.cairn"), registry);
//
// The Value says of every module its class, its constructor options and its children, and holds the state dict:
//
//   {"class": "MyModel", "training": True, "options": {}, "modules": {"fc1": {"class": "Linear", ...}, ...},
//    "state_dict": OrderedDict(...)}
//
// It is data. A file with a whole model always loads as this Value; only a registry makes modules of it, and only of
// the classes the application entered there. A class says its options, and reads them, in two functions:
//
//   Value options() const override { return {{"in_features", in_features}}; }
//   static std::shared_ptr<MyLinear> from_options(const Value& options) {
//     return nn::make<MyLinear>(options["in_features"].as_int());
//   }
//
// A class without options needs neither. What a program keeps beyond modules has a `to_value` and `from_value` of its
// own, functions that the program writes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include <cairn/core/value.h>
#include <cairn/nn/child.h>
#include <cairn/nn/module.h>

namespace cairn::nn {

class Registry {
 public:
  using Maker = std::function<std::shared_ptr<Module>(const Value& options)>;

  Registry() = default;               ///< Without classes.
  static const Registry& built_in();  ///< The modules and losses of nn.

  /// Enters T under its name, or `name`: made by `T::from_options`, or of nothing. Throws ValueError for a taken name.
  template <class T>
  Registry& add(std::string name = class_name(typeid(T))) {
    static_assert(
        requires { T::from_options(Value()); } || std::is_default_constructible_v<T>,
        "a class with arguments needs static std::shared_ptr<T> from_options(const Value&), or a maker");
    return add(std::move(name), [](const Value& options) -> std::shared_ptr<Module> {
      if constexpr (requires { T::from_options(options); })
        return T::from_options(options);
      else
        return nn::make<T>();
    });
  }

  /// Enters what `maker` makes of options under a name.
  Registry& add(std::string name, Maker maker);

  /// A module of a class, with its initial numbers. Throws KeyError for a class that is not registered, with the
  /// nearest ones first; ValueError for an option that the module does not take.
  std::shared_ptr<Module> make(const std::string& name, const Value& options) const;

  std::vector<std::string> names() const;  ///< In the order they were entered.

 private:
  std::vector<std::pair<std::string, Maker>> makers_;
};

/// The module as a Value. The tensors are the live ones, as in `state_dict`.
Value to_value(const Module& module);

/// A module made of a Value that `to_value` made: its classes by `registry`, its children, modes and numbers as saved,
/// with their dtypes and devices, and ties kept; a module that stood in two places becomes two that share their
/// tensors. The tensors are the module's own. Draws nothing from the default generator. Throws KeyError and ValueError
/// as `Registry::make`, TypeError for a child its parent does not take, StateDictError for a state that does not fit.
std::shared_ptr<Module> from_value(const Value& value, const Registry& registry);

}  // namespace cairn::nn
