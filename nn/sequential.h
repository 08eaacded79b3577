// Modules one after another: the output of each is the input of the next.
//
//   nn::Sequential model{nn::Linear(3, 5), nn::ReLU(), nn::Linear(5, 2)};
//   model.push_back(nn::make<nn::Sigmoid>());
//   model.push_back("head", nn::Linear(2, 1));
//
// Write braces, not parentheses: C++ promises that what stands in braces is made from left to right, so that the random
// numbers of the layers are drawn in the order in which they stand.
#pragma once

#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include <cairn/nn/module_sequence.h>

namespace cairn::nn {

class Sequential : public ModuleSequence {
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

  using ModuleSequence::push_back;
  void push_back(const std::string& name, AnyModule module);  ///< Throws KeyError for a name that is taken.

  /// Some of the modules, shared, under the names they have here; numbers as in Python's slices.
  Sequential slice(std::int64_t start, std::int64_t end = std::numeric_limits<std::int64_t>::max()) const;
};

}  // namespace cairn::nn
