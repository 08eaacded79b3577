#include <cairn/nn/sequential.h>

#include "catch.h"
#include "models.h"

using namespace cairn;

TEST_CASE("a sequential runs its modules one after another", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  nn::Sequential model{nn::Linear(3, 5), nn::ReLU(), nn::make<nn::Linear>(5, 2)};
  model.to(device);
  const Tensor x = ones({4, 3}, {.device = device});
  CHECK(models::values(model(x)) == models::values(model[2](model[1](model[0](x)))));
  CHECK(model.size() == 3);
  CHECK(&model[-1] == &model[2]);
  CHECK_THROWS_AS(model[3], IndexError);
}

TEST_CASE("modules in braces are made in order, so the random numbers are drawn in order") {
  manual_seed(5);
  const nn::Sequential model{nn::Linear(3, 5), nn::Linear(5, 2)};
  manual_seed(5);
  const nn::Linear first(3, 5), second(5, 2);
  CHECK(models::values(model.state_dict().at("0.weight")) == models::values(first.weight));
  CHECK(models::values(model.state_dict().at("1.bias")) == models::values(second.bias));
}

TEST_CASE("modules are named by their number, or as told") {
  nn::Sequential model;
  model.push_back(nn::Linear(1, 1));
  model.push_back("head", nn::Linear(1, 1));
  model.push_back(nn::make<nn::Sigmoid>());
  CHECK(model.state_dict().keys() == std::vector<std::string>{"0.weight", "0.bias", "head.weight", "head.bias"});
  CHECK(to_string(model) ==
        "Sequential(\n  (0): Linear(in_features=1, out_features=1, bias=True)\n  (head): Linear(in_features=1, "
        "out_features=1, bias=True)\n  (2): Sigmoid()\n)");
  CHECK_THROWS_WITH(model.push_back("head", nn::ReLU()), Catch::Matchers::Contains("attribute 'head' already exists"));
}

TEST_CASE("a module that stands twice runs twice") {
  const auto layer = nn::make<nn::Linear>(1, 1);
  layer->weight.detach().fill_(2);
  layer->bias.detach().fill_(1);
  nn::Sequential model{layer, layer};
  CHECK(model(ones({1})).item() == 7);
  CHECK(model.parameters().size() == 2);
}

TEST_CASE("a sequential does not pass over what is None") {
  nn::Sequential model{nn::ReLU(), nn::Sigmoid()};
  model.set(0, std::shared_ptr<nn::Module>());
  CHECK_THROWS_WITH(model(ones({2})), Catch::Matchers::StartsWith("'NoneType' object is not callable"));
}

TEST_CASE("an empty sequential gives back what it is given") {
  nn::Sequential model;
  const Tensor x = ones({2});
  CHECK(model(x).is_same(x));
}
