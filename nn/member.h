// What a parameter, a buffer and a child have in common: they belong to the module in which they are declared.
//
//   struct Block : nn::Module {                         Block's Module: a table of its members
//     nn::Parameter weight{this, "weight", ...};          "weight"  parameter  24 bytes from here
//     nn::Child<nn::Linear> fc{this, "fc", 3, 5};         "fc"      child      48 bytes from here
//   };
//
// A member adds itself to the table of its module when it is made and leaves it when it goes. The table remembers where
// each member lies as a distance from the module, not as an address, so a copy of the module finds its own members at
// the same distances.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>
#include <typeinfo>

#include <cairn/core/error.h>
#include <cairn/core/tensor.h>

namespace cairn::nn {

class Module;
class CopySession;

namespace detail {

enum class MemberKind : std::uint8_t { parameter, buffer, child };

class Member {
 public:
  /// The module it belongs to; null for one that belongs to none.
  Module* owner() const;

 protected:
  Member() = default;
  Member(Module* owner, std::string_view name, MemberKind kind);
  Member(Member&& other) noexcept;  ///< Takes the place of `other` in its module, or in the module's copy.
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  ~Member();

  /// Called while a copy of `other` is made: of `content`, a Tensor or a pointer to a Module. If the module of `other`
  /// is being copied, this takes its place in the copy and gets a clone; otherwise it belongs to no module and shares.
  template <class T>
  T join_copy(const Member& other, const T& content);

  /// The same for assignment: a clone if the module of this is being assigned that of `other`.
  template <class T>
  T assigned_copy(const Member& other, const T& content) const;

 private:
  friend class nn::Module;
  void take_place(CopySession& session, std::ptrdiff_t at);

  std::ptrdiff_t offset_ = 0;  ///< From the owner to this, in bytes; 0: no owner.
};

/// How to copy a module whose class only its maker knew.
using CopyFunction = std::shared_ptr<Module> (*)(const Module& module);

[[noreturn]] void throw_not_copyable(const Module& module);

template <class T>
std::shared_ptr<Module> copy_as(const Module& module) {
  if constexpr (std::is_copy_constructible_v<T>)
    return std::make_shared<T>(static_cast<const T&>(module));
  else
    throw_not_copyable(module);
}

void remember_copy_function(Module& module, const std::type_info& type, CopyFunction copy);

/// Tells the module how it is copied, if `Owner` is what it is, and not merely a base of that.
template <class Owner>
void remember_type(Owner* owner) {
  if (typeid(*owner) == typeid(Owner)) remember_copy_function(*owner, typeid(Owner), &copy_as<Owner>);
}

}  // namespace detail
}  // namespace cairn::nn
