// A module is made by its class, which makes children of its own; those that are not as saved are then replaced.
#include <cairn/nn/registry.h>

#include <algorithm>
#include <map>
#include <tuple>

#include <cairn/core/deferred.h>
#include <cairn/core/error.h>
#include <cairn/core/generator.h>
#include <cairn/core/python_text.h>
#include <cairn/core/suggest.h>
#include <cairn/core/tensor_impl.h>

namespace cairn::nn {
namespace {

/// Puts the default generator back to where it was: the initial numbers of a module that is about to be filled are
/// nobody's.
class KeepsGenerator {
 public:
  KeepsGenerator() : state_(default_generator().get_state()) {}
  ~KeepsGenerator() { default_generator().set_state(state_); }
  KeepsGenerator(const KeepsGenerator&) = delete;
  KeepsGenerator& operator=(const KeepsGenerator&) = delete;

 private:
  Tensor state_;
};

/// Class, mode, options and children; not the numbers.
Dict described(const Module& module) {
  Dict modules;
  for (const auto& [name, child] : module.child_table()) modules.set(name, child ? Value(described(*child)) : Value());
  return {{"class", module.name()}, {"training", module.training}, {"options", module.options()}, {"modules", modules}};
}

std::shared_ptr<Module> made(const Value& description, const Registry& registry);

bool is_as(const Module& module, const Value& description) {
  return module.name() == description["class"].as_text() &&
         to_string(module.options()) == to_string(description["options"]);
}

/// Gives a module the mode and the children of a description.
void fit(Module& module, const Value& description, const Registry& registry) {
  module.training = description["training"].as_bool();
  const auto children = module.child_table();
  for (const auto& [key, wanted] : description["modules"].as_dict()) {
    const std::string name = key.plain();
    const auto known =
        std::find_if(children.begin(), children.end(), [&](const auto& each) { return each.first == name; });
    check<TypeError>(known != children.end() || module.is_container(), "from_value: ", module.name(), " has no child '",
                     name, "', which was saved with it");
    if (wanted.is_none())
      module.register_module(name, nullptr);
    else if (known != children.end() && known->second && is_as(*known->second, wanted))
      fit(*known->second, wanted, registry);
    else
      module.register_module(name, made(wanted, registry));
  }
}

std::shared_ptr<Module> made(const Value& description, const Registry& registry) {
  auto module = registry.make(description["class"].as_text(), description["options"]);
  fit(*module, description, registry);
  return module;
}

/// The saved tensors as the parameters of `module`: with their `requires_grad`, and one for all names of a tied one.
void make_parameters(Module& module, StateDict& state) {
  using View = std::tuple<const Storage*, std::int64_t, std::vector<std::int64_t>, DType>;
  std::map<View, Tensor> known;
  for (const auto& [name, parameter] : module.named_parameters("", true, false)) {
    Value* saved = state.find(name);
    if (!saved || !saved->is(Value::Kind::tensor)) continue;
    const Tensor& tensor = saved->as_tensor();
    std::vector<std::int64_t> layout;
    for (int i = 0; i < tensor.dim(); ++i) layout.insert(layout.end(), {tensor.shape()[i], tensor.strides()[i]});
    Tensor& shared = known[{tensor.impl()->storage.get(), tensor.storage_offset(), layout, tensor.dtype()}];
    if (!shared.defined() || tensor.numel() == 0) shared = detail::as_parameter(tensor, tensor.requires_grad());
    if (parameter.requires_grad() != tensor.requires_grad()) Tensor(parameter).requires_grad_(tensor.requires_grad());
    *saved = shared;
  }
}

}  // namespace

Registry& Registry::add(std::string name, Maker maker) {
  const auto same = [&](const auto& each) { return each.first == name; };
  check<ValueError>(std::none_of(makers_.begin(), makers_.end(), same), "registry: there is a class ",
                    python_text(name), " already; enter this one under another name");
  makers_.emplace_back(std::move(name), std::move(maker));
  return *this;
}

std::vector<std::string> Registry::names() const {
  std::vector<std::string> names;
  for (const auto& [name, maker] : makers_) names.push_back(name);
  return names;
}

std::shared_ptr<Module> Registry::make(const std::string& name, const Value& options) const {
  const auto found = std::find_if(makers_.begin(), makers_.end(), [&](const auto& each) { return each.first == name; });
  if (found == makers_.end()) {
    std::vector<std::string> known = names();
    std::stable_sort(known.begin(), known.end(), [&](const std::string& a, const std::string& b) {
      return edit_distance(name, a) < edit_distance(name, b);
    });
    std::string listed;
    for (const std::string& each : known) listed += (listed.empty() ? "" : ", ") + python_text(each);
    throw KeyError(text("from_value: the class ", python_text(name), " is not registered; there are ",
                        listed.empty() ? "none" : listed),
                   {.hint = "enter it, if it is one to be made: registry.add<...>()"});
  }
  auto module = found->second(options);
  check<TypeError>(module != nullptr, "from_value: the maker of ", python_text(name), " made nothing");
  const Value taken = module->options();
  for (const auto& [key, value] : options.as_dict()) {
    check<ValueError>(taken.contains(key) && to_string(taken[key]) == to_string(value), "from_value: ", name,
                      " was saved with ", to_string(key), ": ", value, ", and made with ",
                      taken.contains(key) ? to_string(taken[key]) : "no such option");
  }
  return module;
}

Value to_value(const Module& module) {
  Dict description = described(module);
  description.set("state_dict", module.state_dict("", true));
  return description;
}

std::shared_ptr<Module> from_value(const Value& value, const Registry& registry) {
  const Value here = materialize(value);
  const KeepsGenerator keeps_generator;
  std::shared_ptr<Module> module = made(here, registry);
  StateDict state = here["state_dict"].as_state_dict().snapshot();
  make_parameters(*module, state);
  module->load_state_dict(state, {.assign = true});
  return module;
}

}  // namespace cairn::nn
