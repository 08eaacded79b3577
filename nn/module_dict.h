// Any number of modules by name, in the order in which they were added: a dictionary whose parameters belong to the
// model.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <cairn/nn/module_sequence.h>

namespace cairn::nn {

class ModuleDict : public Module {
 public:
  ModuleDict() { detail::remember_type(this); }
  ModuleDict(std::initializer_list<std::pair<std::string, AnyModule>> modules) : ModuleDict() { update(modules); }

  // Those that must find a key throw KeyError if there is none.
  std::size_t size() const { return shared_children().size(); }
  bool empty() const { return size() == 0; }
  bool contains(const std::string& key) const;
  Module& operator[](const std::string& key) const;              ///< Throws TypeError for None.
  std::shared_ptr<Module> shared(const std::string& key) const;  ///< For giving a module two places.
  std::vector<std::string> keys() const;
  std::vector<std::shared_ptr<Module>> values() const;
  std::vector<std::pair<std::string, std::shared_ptr<Module>>> items() const { return shared_children(); }

  void set(const std::string& key, AnyModule module);  ///< In place of the one that is there, or at the end.
  void update(std::initializer_list<std::pair<std::string, AnyModule>> modules);
  void update(const ModuleDict& others);  ///< Shares its modules.
  std::shared_ptr<Module> pop(const std::string& key);
  void clear() { set_children({}); }

  bool is_container() const override { return true; }

 private:
  void merge(SharedModules others);
};

}  // namespace cairn::nn
