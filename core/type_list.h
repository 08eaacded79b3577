// How a code known at run time becomes a C++ type: a list of types, and a walk over it.
//
// The lists (dtypes, elementwise operations) are the only place where their members are named; tables, dispatch, names
// and tests are derived from them. Plain traits and folds, because nvcc's front end does not digest cleverer tables.
#pragma once

#include <cstddef>

namespace cairn {

template <class... Types>
struct TypeList {
  static constexpr std::size_t size = sizeof...(Types);
};

/// Calls `f.template operator()<T>()` for every type of the list, in order.
template <class... Types, class F>
constexpr void for_each_type(TypeList<Types...>, F&& f) {
  (f.template operator()<Types>(), ...);
}

}  // namespace cairn
