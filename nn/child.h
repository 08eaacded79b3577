// A module inside a module, declared once, with its name.
//
//   nn::Child<nn::Linear> fc{this, "fc", 3, 5};               made here, of Linear's own arguments
//   nn::Child<nn::Module> act{this, "act", nn::make<nn::ReLU>()};   any module
//   std::optional<nn::Child<nn::Sequential>> downsample;      there or not; absent it is in no list
//
// `fc(x)` calls `forward`, of whatever signature; `fc->in_features` reaches the module. A Child can be assigned:
// `model.fc = nn::make<nn::Linear>(512, 10)` replaces the module, as in Python.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <cairn/nn/call.h>
#include <cairn/nn/member.h>
#include <cairn/nn/module.h>

namespace cairn::nn {

/// A module made of `T`'s own arguments: for assigning to a Child and for lists of modules.
template <class T, class... Args>
std::shared_ptr<T> make(Args&&... args) {
  auto made = std::make_shared<T>(std::forward<Args>(args)...);
  detail::remember_type(made.get());
  return made;
}

/// A deep copy, ties kept, as what the module really is, also through a reference to a base. Throws TypeError for a
/// class that cannot be copied, or whose copy constructor is not known: one without members that was not made by
/// `make`.
template <class T>
std::shared_ptr<T> clone(const T& module) {
  if constexpr (std::is_copy_constructible_v<T>) {
    if (typeid(module) == typeid(T)) return std::static_pointer_cast<T>(detail::copy_as<T>(module));
  }
  return std::static_pointer_cast<T>(clone_module(module));
}

namespace detail {

class ChildBase : public Member {
 protected:
  using Accepts = bool (*)(const Module* module);

  ChildBase() = default;
  ChildBase(Module* owner, std::string_view name, std::shared_ptr<Module> module, Accepts accepts)
      : Member(owner, name, MemberKind::child), module_(std::move(module)), accepts_(accepts) {}
  ChildBase(const ChildBase& other) : Member(), module_(join_copy(other, other.module_)), accepts_(other.accepts_) {}
  ChildBase(ChildBase&& other) noexcept
      : Member(std::move(other)), module_(std::move(other.module_)), accepts_(other.accepts_) {}
  ChildBase& operator=(const ChildBase& other) {
    module_ = assigned_copy(other, other.module_);
    return *this;
  }
  ~ChildBase() = default;

  friend class nn::Module;
  std::shared_ptr<Module> module_;
  Accepts accepts_ = nullptr;  ///< Whether a module is of the declared class; null: any is.
};

/// A child known only at run time.
class OwnedChild final : public ChildBase {
 public:
  explicit OwnedChild(std::shared_ptr<Module> module);
};

[[noreturn]] void throw_none_called();

template <class>
inline constexpr bool is_shared_pointer = false;
template <class T>
inline constexpr bool is_shared_pointer<std::shared_ptr<T>> = true;

template <class T>
std::shared_ptr<T> remembered(std::shared_ptr<T> module) {
  if (module) remember_type(module.get());
  return module;
}

/// The module of a Child<T> declared with `args`: a pointer or None as it is, a module of another class by copy, and
/// otherwise a T made of them. No arguments and a T that cannot be made of none: None.
template <class T, class... Args>
std::shared_ptr<T> make_child(Args&&... args) {
  if constexpr (sizeof...(Args) == 1) {
    using First = std::remove_cvref_t<std::tuple_element_t<0, std::tuple<Args...>>>;
    if constexpr (std::is_null_pointer_v<First>)
      return nullptr;
    else if constexpr (is_shared_pointer<First>)
      return remembered(First(std::forward<Args>(args)...));
    else if constexpr (std::is_base_of_v<T, First> && !std::is_same_v<T, First>)
      return make<First>(std::forward<Args>(args)...);
    else
      return make<T>(std::forward<Args>(args)...);
  } else if constexpr (sizeof...(Args) == 0 && (std::is_same_v<T, Module> || !std::is_default_constructible_v<T>)) {
    return nullptr;
  } else {
    return make<T>(std::forward<Args>(args)...);
  }
}

}  // namespace detail

template <class T = Module>
class Child : public detail::ChildBase {
 public:
  /// Declares it in `owner`. `args` are T's own, or a pointer to a module, or a module to copy, or nullptr (None).
  /// Throws KeyError for a name with a dot, an empty or a taken one.
  template <class Owner, class... Args>
  Child(Owner* owner, std::string_view name, Args&&... args)
      : ChildBase(owner, name, detail::make_child<T>(std::forward<Args>(args)...), &accepts) {
    detail::remember_type(owner);
  }

  Child(const Child&) = default;
  Child(Child&&) noexcept = default;
  Child& operator=(const Child&) = default;  ///< Both then share one module, unless their modules are being assigned.

  /// Replaces the module; nullptr is PyTorch's None.
  template <class U>
  requires std::is_convertible_v<U*, T*> Child& operator=(std::shared_ptr<U> module) {
    module_ = std::shared_ptr<T>(detail::remembered(std::move(module)));
    return *this;
  }
  Child& operator=(std::nullptr_t) {
    module_ = nullptr;
    return *this;
  }
  template <class U>
  requires std::is_base_of_v<T, U> && std::is_copy_constructible_v<U> Child& operator=(U module) {
    return *this = make<U>(std::move(module));
  }

  explicit operator bool() const { return module_ != nullptr; }
  T& operator*() const {
    if (!module_) [[unlikely]]
      detail::throw_none_called();
    return static_cast<T&>(*module_);
  }
  T* operator->() const { return &**this; }
  operator T&() const { return **this; }
  std::shared_ptr<T> shared() const {
    return std::static_pointer_cast<T>(module_);
  }  ///< For giving a module two places.

  /// Calls `T::forward`, with the module's hooks around it.
  template <class... Args>
  decltype(auto) operator()(Args&&... args) const {
    return call(**this, std::forward<Args>(args)...);
  }

 private:
  static bool accepts(const Module* module) { return dynamic_cast<const T*>(module) != nullptr; }
};

}  // namespace cairn::nn
