#include <cairn/nn/linear.h>

#include "catch.h"
#include "models.h"

using namespace cairn;

TEST_CASE("a linear layer multiplies by its transposed weight and adds its bias", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  nn::Linear layer(2, 3, {.device = device});
  layer.weight.detach().copy_(tensor({1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f}).view({3, 2}));
  layer.bias.detach().copy_(tensor({10.0f, 20.0f, 30.0f}));
  CHECK(models::values(layer(ones({2}, {.device = device}))) == std::vector<float>{13, 27, 41});
  CHECK(layer(ones({4, 5, 2}, {.device = device})).shape() == Shape{4, 5, 3});
}

TEST_CASE("its first numbers come from the generator, weight first, within PyTorch's bounds") {
  Generator generator(3), same(3);
  const nn::Linear layer(16, 8, {.generator = generator});
  const nn::Linear twin(16, 8, {.generator = same});
  CHECK(models::values(layer.weight) == models::values(twin.weight));
  CHECK(models::values(layer.bias) == models::values(twin.bias));
  for (const float value : models::values(layer.weight)) CHECK(std::abs(value) <= 0.25f);
  Generator third(3);
  CHECK(models::values(layer.weight) == models::values(uniform_(empty({8, 16}), -0.25, 0.25, third)));
}

TEST_CASE("without a bias there is none") {
  nn::Linear layer(3, 2, {.bias = false});
  CHECK(layer.state_dict().keys() == std::vector<std::string>{"weight"});
  CHECK(to_string(layer) == "Linear(in_features=3, out_features=2, bias=False)");
}

TEST_CASE("dtype and device are those asked for", "[device]") {
  for (const Device device : devices()) {
    nn::Linear layer(3, 2, {.device = device, .dtype = DType::float64});
    CHECK(layer.weight.dtype() == DType::float64);
    CHECK(layer.weight.device() == device);
    CHECK(layer.bias.device() == device);
    CHECK(layer(ones({4, 3}, {.dtype = DType::float64, .device = device})).device() == device);
    CHECK_THROWS_WITH(layer(ones({4, 3}, {.dtype = DType::float64})),
                      Catch::Matchers::Contains("Expected all tensors to be on the same device"));
  }
}

TEST_CASE("an input of another width is refused with PyTorch's text") {
  nn::Linear layer(3, 5);
  CHECK_THROWS_WITH(layer(zeros({4, 7})),
                    Catch::Matchers::Contains("addmm: mat1 and mat2 shapes cannot be multiplied (4x7 and 3x5)"));
}

TEST_CASE("no inputs are a layer too, negative ones are not", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  CHECK(models::values(nn::Linear(0, 2, {.device = device}).bias) == std::vector<float>{0, 0});
  CHECK(models::values(nn::Linear(0, 2, {.device = device})(ones({3, 0}, {.device = device}))) ==
        std::vector<float>(6, 0));
  CHECK_THROWS_AS(nn::Linear(-1, 2), ValueError);
}
