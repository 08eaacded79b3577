// Modules one after another: the output of each is the input of the next.
//
//   nn::Sequential model{nn::Linear(3, 5), nn::ReLU(), nn::Linear(5, 2)};
//   model.push_back(nn::make<nn::Sigmoid>());
//   model.push_back("head", nn::Linear(2, 1));
//
// Write braces, not parentheses: C++ promises that what stands in braces is made from left to right, so that the random
// numbers of the layers are drawn in the order in which they stand.
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <cairn/nn/child.h>
#include <cairn/nn/module.h>

namespace cairn::nn {

class Sequential : public Module {
 public:
  Sequential() { detail::remember_type(this); }

  /// Modules, which are copied, or pointers to modules; named "0", "1", ...
  template <class... Modules>
  requires(sizeof...(Modules) > 1 ||
           (!std::is_same_v<std::remove_cvref_t<Modules>, Sequential> && ...)) explicit Sequential(Modules&&... modules)
      : Sequential() {
    (push_back(std::forward<Modules>(modules)), ...);
  }

  Tensor forward(const Tensor& x) override;
  bool is_container() const override { return true; }

  void push_back(std::shared_ptr<Module> module) { push_back(std::to_string(size()), std::move(module)); }
  void push_back(const std::string& name, std::shared_ptr<Module> module);

  template <class T>
  requires std::is_base_of_v<Module, std::remove_cvref_t<T>>
  void push_back(T&& module) { push_back(std::to_string(size()), std::forward<T>(module)); }
  template <class T>
  requires std::is_base_of_v<Module, std::remove_cvref_t<T>>
  void push_back(const std::string& name, T&& module) {
    push_back(name, std::shared_ptr<Module>(make<std::remove_cvref_t<T>>(std::forward<T>(module))));
  }

  std::size_t size() const;
  Module& operator[](std::int64_t index) const;  ///< A negative index counts from the end; throws IndexError.
};

}  // namespace cairn::nn
