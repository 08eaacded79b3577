#include <cairn/optim/parameter_list.h>

#include "catch.h"
#include "parameters.h"

using namespace cairn;

TEST_CASE("a list of parameters has as many names as tensors, or none") {
  CHECK(optim::ParameterList(parameters::unnamed()).names.empty());
  const optim::ParameterList named(parameters::named());
  CHECK(named.names == std::vector<std::string>{"a", "b"});
  CHECK(named.tensors.size() == 2);
}

TEST_CASE("parameters can be listed in braces") {
  const Tensor a = parameters::parameter({1}), b = parameters::parameter({2});
  optim::SGD sgd({a, b}, {.lr = 0.5});
  CHECK(sgd.parameters().size() == 2);
}
