#include <cairn/nn/module_dict.h>

#include <algorithm>

#include <cairn/core/suggest.h>

namespace cairn::nn {
namespace {

template <class Children>
auto entry(Children& children, const std::string& key) {
  return std::find_if(children.begin(), children.end(), [&](const auto& each) { return each.first == key; });
}

[[noreturn]] void throw_no_key(const std::string& key, const std::vector<std::string>& keys) {
  throw KeyError(key, {.hint = text("no module has this name", describe_keys(key, keys))});
}

}  // namespace

bool ModuleDict::contains(const std::string& key) const {
  const SharedModules children = shared_children();
  return entry(children, key) != children.end();
}

std::shared_ptr<Module> ModuleDict::shared(const std::string& key) const {
  const SharedModules children = shared_children();
  const auto found = entry(children, key);
  if (found == children.end()) throw_no_key(key, keys());
  return found->second;
}

Module& ModuleDict::operator[](const std::string& key) const {
  const std::shared_ptr<Module> module = shared(key);
  if (!module) detail::throw_none_called();
  return *module;
}

std::vector<std::string> ModuleDict::keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, module] : shared_children()) keys.push_back(key);
  return keys;
}

std::vector<std::shared_ptr<Module>> ModuleDict::values() const {
  std::vector<std::shared_ptr<Module>> values;
  for (const auto& [key, module] : shared_children()) values.push_back(module);
  return values;
}

void ModuleDict::merge(SharedModules others) {
  SharedModules children = shared_children();
  for (auto& [key, module] : others) {
    const auto found = entry(children, key);
    if (found == children.end())
      children.emplace_back(key, std::move(module));
    else
      found->second = std::move(module);
  }
  set_children(children);
}

void ModuleDict::set(const std::string& key, AnyModule module) { merge({{key, module.shared()}}); }

void ModuleDict::update(std::initializer_list<std::pair<std::string, AnyModule>> modules) {
  SharedModules others;
  for (const auto& [key, module] : modules) others.emplace_back(key, module.shared());
  merge(std::move(others));
}

void ModuleDict::update(const ModuleDict& others) { merge(others.shared_children()); }

std::shared_ptr<Module> ModuleDict::pop(const std::string& key) {
  SharedModules children = shared_children();
  const auto found = entry(children, key);
  if (found == children.end()) throw_no_key(key, keys());
  std::shared_ptr<Module> module = std::move(found->second);
  children.erase(found);
  set_children(children);
  return module;
}

}  // namespace cairn::nn
