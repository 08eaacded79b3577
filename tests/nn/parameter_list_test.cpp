#include <cairn/nn/parameter_list.h>

#include <cairn/core/ops.h>

#include "catch.h"
#include "models.h"

using namespace cairn;

using Names = std::vector<std::string>;

TEST_CASE("the tensors of a list become parameters of the model") {
  nn::ParameterList list{ones({2, 3}), zeros({2})};
  list.append(full({}, 5));
  CHECK(list.size() == 3);
  CHECK(list.state_dict().keys() == Names{"0", "1", "2"});
  CHECK(list[0].requires_grad());
  CHECK(list[-1].item() == 5);
  std::int64_t numbers = 0;
  for (const nn::Parameter& parameter : list) numbers += parameter.numel();
  CHECK(numbers == 9);
}

TEST_CASE("a parameter of a list can be replaced") {
  nn::ParameterList list{ones({2})};
  list[0] = zeros({7});
  CHECK(list.parameters()[0].shape() == Shape{7});
  CHECK(list.parameters()[0].requires_grad());
}

TEST_CASE("a list may be extended, by itself too, which ties") {
  nn::ParameterList list{ones({2})};
  list.extend({zeros({1}), zeros({3})});
  list.extend(list);
  CHECK(list.size() == 6);
  CHECK(list[4].is_same(list[1]));
  CHECK(list.parameters().size() == 3);
  CHECK(list.state_dict().size() == 6);
}

TEST_CASE("a copy of a list has parameters of its own") {
  const nn::ParameterList list{ones({2})};
  const nn::ParameterList copy = list;
  CHECK(copy.size() == 1);
  CHECK_FALSE(copy[0].shares_storage(list[0]));
  CHECK(models::values(copy[0]) == models::values(list[0]));
}

TEST_CASE("a list prints the sizes of its parameters") {
  CHECK(to_string(nn::ParameterList{ones({2, 3}), zeros({2})}) ==
        "ParameterList(\n    (0): Parameter containing: [torch.float32 of size 2x3]\n    (1): Parameter containing: "
        "[torch.float32 of size 2]\n)");
  CHECK(to_string(nn::ParameterList{ones({7})}) ==
        "ParameterList(  (0): Parameter containing: [torch.float32 of size 7])");
  CHECK(to_string(nn::ParameterList()) == "ParameterList()");
}

TEST_CASE("a list of parameters refuses other numbers, and to be called") {
  nn::ParameterList list{ones({2})};
  CHECK_THROWS_WITH(list[1], "index 1 is out of range");
  CHECK_THROWS_WITH(list(ones({1})), "ParameterList should not be called.");
  CHECK_THROWS_AS(list.append({}), ValueError);
  CHECK_THROWS_AS(list.extend({ones({3}), Tensor()}), ValueError);
  CHECK(list.size() == 1);
}
