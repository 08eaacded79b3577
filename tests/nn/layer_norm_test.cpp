#include <cairn/nn/layer_norm.h>

#include <cairn/core/ops.h>

#include "catch.h"
#include "models.h"

using namespace cairn;

TEST_CASE("layer normalisation gives every example mean 0 and variance 1, in training and evaluation", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  nn::LayerNorm norm(Shape{3, 4}, {.device = device});
  const Tensor x = (randn({5, 3, 4}, {}, Generator(1)) * 3 + 2).to(device);
  const Tensor y = norm(x).detach();
  for (const float mean : models::values(mean(y, {1, 2}))) CHECK(mean == Approx(0).margin(1e-6));
  for (const float variance : models::values(var(y, {1, 2}, 0))) CHECK(variance == Approx(1).epsilon(1e-4));
  norm.eval();
  CHECK(models::values(norm(x)) == models::values(y));
}

TEST_CASE("layer normalisation begins with weight 1 and bias 0, or has none") {
  CHECK(nn::LayerNorm(3).state_dict().keys() == std::vector<std::string>{"weight", "bias"});
  CHECK(models::values(nn::LayerNorm(2).weight) == std::vector<float>{1, 1});
  CHECK(models::values(nn::LayerNorm(2).bias) == std::vector<float>{0, 0});
  CHECK(nn::LayerNorm(3, {.bias = false}).state_dict().keys() == std::vector<std::string>{"weight"});
  CHECK(nn::LayerNorm(3, {.elementwise_affine = false}).state_dict().empty());
}

TEST_CASE("layer normalisation prints its shape as a tuple") {
  CHECK(to_string(nn::LayerNorm({3, 4})) == "LayerNorm((3, 4), eps=1e-05, elementwise_affine=True, bias=True)");
  CHECK(to_string(nn::LayerNorm(3, {.eps = 0.1, .elementwise_affine = false})) ==
        "LayerNorm((3,), eps=0.1, elementwise_affine=False, bias=False)");
}

TEST_CASE("layer normalisation names the shape it was made for") {
  CHECK_THROWS_WITH(nn::LayerNorm(4)(zeros({2, 3})),
                    "Given normalized_shape=[4], expected input with shape [*, 4], but got input of size[2, 3]");
}
