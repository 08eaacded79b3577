// Any number of modules of which forward makes what it likes: a list whose parameters belong to the model.
//
//   struct Net : nn::Module {
//     nn::Child<nn::ModuleList> layers{this, "layers"};
//     Net() { for (int i = 0; i < 4; ++i) layers->append(nn::Linear(8, 8)); }
//     Tensor forward(const Tensor& x) override {
//       Tensor y = x;
//       for (nn::Module& layer : *layers) y = layer(y);
//       return y;
//     }
//   };
#pragma once

#include <limits>
#include <type_traits>
#include <utility>

#include <cairn/nn/module_sequence.h>

namespace cairn::nn {

class ModuleList : public ModuleSequence {
 public:
  ModuleList() { detail::remember_type(this); }

  /// As Sequential: write braces.
  template <class... Modules>
  requires(sizeof...(Modules) > 1 ||
           (!std::is_same_v<std::remove_cvref_t<Modules>, ModuleList> && ...)) explicit ModuleList(Modules&&... modules)
      : ModuleList() {
    (append(std::forward<Modules>(modules)), ...);
  }

  /// Some of the modules, shared, numbered anew; numbers as in Python's slices.
  ModuleList slice(std::int64_t start, std::int64_t end = std::numeric_limits<std::int64_t>::max()) const;

  bool is_container() const override { return true; }
  std::string repr() const override;  ///< Modules that print alike stand in one line: "(0-2): 3 x Linear(...)".
};

}  // namespace cairn::nn
