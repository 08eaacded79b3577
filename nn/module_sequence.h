// Modules in an order, by number: what Sequential and ModuleList share.
//
//   list.append(nn::Linear(3, 5));          a module, which is copied
//   list.append(nn::make<nn::ReLU>());      a pointer to one, which is shared
//   for (nn::Module& module : list) ...     in order
//
// A child's name is its place, "0", "1", ..., and follows it when something is put in or taken out before it.
#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <cairn/nn/child.h>
#include <cairn/nn/module.h>

namespace cairn::nn {

/// A module given as such, which is copied or moved, or as a pointer, which is shared; null is None.
class AnyModule {
 public:
  template <class T>
  requires std::is_base_of_v<Module, std::remove_cvref_t<T>> AnyModule(T&& module)
      : pointer_(make<std::remove_cvref_t<T>>(std::forward<T>(module))) {}
  template <class T>
  requires std::is_base_of_v<Module, T> AnyModule(std::shared_ptr<T> module)
      : pointer_(detail::remembered(std::move(module))) {}

  const std::shared_ptr<Module>& shared() const { return pointer_; }

 private:
  std::shared_ptr<Module> pointer_;
};

class ModuleSequence : public Module {
 public:
  // A negative index counts from the end. Those that must name a module throw IndexError if they do not.
  std::size_t size() const;
  bool empty() const { return size() == 0; }
  Module& operator[](std::int64_t index) const;              ///< Throws TypeError for None.
  std::shared_ptr<Module> shared(std::int64_t index) const;  ///< For giving a module two places.

  void append(AnyModule module);
  void push_back(AnyModule module) { append(std::move(module)); }
  void extend(const ModuleSequence& others);  ///< Shares its modules.
  /// Before the module that is there, or at the end. Throws KeyError where names are no places.
  void insert(std::int64_t index, AnyModule module);
  void set(std::int64_t index, AnyModule module);  ///< In place of the one that is there.
  std::shared_ptr<Module> pop(std::int64_t index = -1);
  void erase(std::int64_t index) { pop(index); }

  /// Walks the modules that were there when it began, but for those that are None.
  class Iterator {
   public:
    explicit Iterator(const SharedModules& children);
    Module& operator*() const { return *modules_[at_]; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    bool operator==(std::default_sentinel_t) const { return at_ == modules_.size(); }

   private:
    std::vector<std::shared_ptr<Module>> modules_;
    std::size_t at_ = 0;
  };
  Iterator begin() const { return Iterator(shared_children()); }
  std::default_sentinel_t end() const { return {}; }

 protected:
  ModuleSequence() = default;
  /// [start, end) as Python slices: negative numbers count from the end, what is beyond is cut off.
  SharedModules sliced(std::int64_t start, std::int64_t end) const;
};

}  // namespace cairn::nn
