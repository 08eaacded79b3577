// A call of a module, with the hooks around it: what `child(x)` and `module(x)` are made of.
//
// A module without hooks is called as if there were none in the world: one pointer is compared with null. With hooks,
// the tensors among the arguments are copied out (handles, not numbers), the hooks see and may replace them, and what
// they leave takes the arguments' places; the same on the way back. Tensors are found inside vectors, arrays, pairs,
// tuples and optionals. All else passes by untouched.
#pragma once

#include <array>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <cairn/nn/hooks.h>
#include <cairn/nn/module.h>

namespace cairn::nn {
namespace detail {

template <class T>
struct TensorsIn {  // what may hold no tensor
  static constexpr bool any = false;
};

template <class T>
requires std::is_base_of_v<Tensor, T>
struct TensorsIn<T> {
  static constexpr bool any = true;
  template <class F>
  static void visit(T& value, F&& f) {
    f(static_cast<Tensor&>(value));
  }
};

template <class T>
struct EachTensorIn {
  static constexpr bool any = TensorsIn<typename T::value_type>::any;
  template <class F>
  static void visit(T& values, F&& f) {
    if constexpr (requires { values.has_value(); }) {
      if (values) TensorsIn<typename T::value_type>::visit(*values, f);
    } else {
      for (auto& value : values) TensorsIn<typename T::value_type>::visit(value, f);
    }
  }
};
template <class T>
requires TensorsIn<T>::any struct TensorsIn<std::vector<T>> : EachTensorIn<std::vector<T>> {
};
template <class T, std::size_t n>
requires TensorsIn<T>::any struct TensorsIn<std::array<T, n>> : EachTensorIn<std::array<T, n>> {
};
template <class T>
requires TensorsIn<T>::any struct TensorsIn<std::optional<T>> : EachTensorIn<std::optional<T>> {
};

template <class Tuple, class... Ts>
struct TensorsInTuple {
  static constexpr bool any = (TensorsIn<std::remove_cvref_t<Ts>>::any || ...);
  template <class F>
  static void visit(Tuple& tuple, F&& f) {
    std::apply([&](auto&... each) { (visit_one(each, f), ...); }, tuple);
  }

 private:
  template <class T, class F>
  static void visit_one(T& value, F& f) {
    if constexpr (TensorsIn<T>::any && !std::is_const_v<T>) TensorsIn<T>::visit(value, f);
  }
};
template <class... Ts>
struct TensorsIn<std::tuple<Ts...>> : TensorsInTuple<std::tuple<Ts...>, Ts...> {};
template <class A, class B>
struct TensorsIn<std::pair<A, B>> : TensorsInTuple<std::pair<A, B>, A, B> {};

template <class T>
Tensors tensors_in(T& value) {
  Tensors found;
  if constexpr (TensorsIn<T>::any) TensorsIn<T>::visit(value, [&](Tensor& tensor) { found.push_back(tensor); });
  return found;
}

template <class T>
void put_tensors(T& value, const Tensors& tensors) {
  auto next = tensors.begin();
  if constexpr (TensorsIn<T>::any) TensorsIn<T>::visit(value, [&](Tensor& tensor) { tensor = *next++; });
}

/// How an argument is kept while hooks look at it: tensors, and what holds some, by value; all else as it was given.
template <class Arg>
using KeptArgument =
    std::conditional_t<std::is_base_of_v<Tensor, std::remove_cvref_t<Arg>>, Tensor,
                       std::conditional_t<TensorsIn<std::remove_cvref_t<Arg>>::any, std::remove_cvref_t<Arg>, Arg&&>>;

/// Gives forward what the argument was: a temporary stays one.
template <class Arg, class Kept>
decltype(auto) as_given(Kept& kept) {
  if constexpr (std::is_lvalue_reference_v<Arg>)
    return (kept);
  else
    return std::move(kept);
}

template <class M, class... Args>
auto call_with_hooks(M& module, std::shared_ptr<ModuleHooks> hooks, Args&&... args) {
  std::tuple<KeptArgument<Args>...> kept(std::forward<Args>(args)...);
  HookedCall hooked(std::move(hooks));
  put_tensors(kept, hooked.before(tensors_in(kept)));
  const auto forward = [&]() -> decltype(auto) {
    return std::apply([&](auto&... each) -> decltype(auto) { return module.forward(as_given<Args>(each)...); }, kept);
  };
  if constexpr (std::is_void_v<decltype(forward())>) {
    forward();
    hooked.after({});
  } else {
    auto result = forward();
    put_tensors(result, hooked.after(tensors_in(result)));
    return result;
  }
}

}  // namespace detail

/// `module.forward(args...)` with the module's hooks around it.
template <class M, class... Args>
auto call(M& module, Args&&... args) -> decltype(module.forward(std::forward<Args>(args)...)) {
  static_assert(!std::is_reference_v<decltype(module.forward(std::forward<Args>(args)...))>,
                "forward returns values: hooks may replace them");
  if (const std::shared_ptr<ModuleHooks>& hooks = module.hooks(); hooks) [[unlikely]]
    return detail::call_with_hooks(module, hooks, std::forward<Args>(args)...);
  return module.forward(std::forward<Args>(args)...);
}

}  // namespace cairn::nn
