#include <cairn/nn/clip_grad.h>

#include <cmath>
#include <limits>

#include <cairn/core/ops.h>

#include "catch.h"
#include "models.h"

using namespace cairn;

namespace {

/// Parameters with the gradients (3, 4) and (0, 12), and one without.
std::vector<Tensor> parameters(Device device = {}) {
  std::vector<Tensor> all;
  for (int i = 0; i < 3; ++i) all.push_back(ones({2}, {.device = device, .requires_grad = true}));
  all[0].set_grad(tensor({3.0f, 4.0f}).to(device));
  all[1].set_grad(tensor({0.0f, 12.0f}).to(device));
  return all;
}

}  // namespace

TEST_CASE("gradients clipped by norm keep their direction", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const std::vector<Tensor> all = parameters(device);
  CHECK(nn::clip_grad_norm_(all, 6.5).item() == 13);
  const float factor = 6.5f / (13 + 1e-6f);
  CHECK(models::values(all[0].grad()) == std::vector<float>{3 * factor, 4 * factor});
  CHECK(models::values(all[1].grad()) == std::vector<float>{0, 12 * factor});
  CHECK_FALSE(all[2].grad().defined());
}

TEST_CASE("gradients that are short enough stay as they are") {
  const std::vector<Tensor> all = parameters();
  CHECK(nn::clip_grad_norm_(all, 14).item() == 13);
  CHECK(models::values(all[0].grad()) == std::vector<float>{3, 4});
}

TEST_CASE("the norm may be another, infinity too") {
  CHECK(nn::clip_grad_norm_(parameters(), 1, {.norm_type = std::numeric_limits<double>::infinity()}).item() == 12);
  CHECK(nn::clip_grad_norm_(parameters(), 1, {.norm_type = 1}).item() == 19);
  CHECK(nn::clip_grad_norm_({}, 1).item() == 0);
}

TEST_CASE("a norm that is not finite is refused if asked, and nothing has changed") {
  const std::vector<Tensor> all = parameters();
  all[1].set_grad(tensor({std::numeric_limits<float>::infinity(), 0.0f}));
  CHECK_THROWS_WITH(nn::clip_grad_norm_(all, 1, {.error_if_nonfinite = true}),
                    Catch::Matchers::StartsWith("The total norm of order 2.0 for gradients from `parameters` is "
                                                "non-finite, so it cannot be clipped."));
  CHECK(models::values(all[0].grad()) == std::vector<float>{3, 4});
  CHECK(std::isinf(nn::clip_grad_norm_(all, 1).item()));
  CHECK(models::values(all[0].grad()) == std::vector<float>{0, 0});
}

TEST_CASE("gradients clipped by value are cut one by one") {
  const std::vector<Tensor> all = parameters();
  nn::clip_grad_value_(all, 3.5);
  CHECK(models::values(all[0].grad()) == std::vector<float>{3, 3.5});
  CHECK(models::values(all[1].grad()) == std::vector<float>{0, 3.5});
}
