// What an optimizer is given: parameters, with their names or without.
//
//   optim::SGD(model.parameters(), ...)          optim::SGD(model.named_parameters(), ...)
//
// With names, the optimizer's state can be loaded into a model whose parameters stand in another order.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include <cairn/core/tensor.h>
#include <cairn/core/value.h>

namespace cairn::optim {

struct ParameterList {
  ParameterList() = default;
  ParameterList(std::vector<Tensor> parameters) : tensors(std::move(parameters)) {}
  ParameterList(std::initializer_list<Tensor> parameters) : tensors(parameters) {}
  ParameterList(std::vector<std::pair<std::string, Tensor>> named);

  std::vector<Tensor> tensors;
  std::vector<std::string> names;  ///< As many as tensors, or none.
};

/// Parameters with options of their own: `{model.fc->parameters(), {{"lr", 0.01}}}`. Options left out are the
/// optimizer's.
struct ParameterGroup {
  ParameterList parameters;
  Dict options = {};
};

/// The groups of an optimizer that was given a plain list.
std::vector<ParameterGroup> one_group(ParameterList parameters);

}  // namespace cairn::optim
