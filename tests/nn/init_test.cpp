#include <cairn/nn/init.h>

#include <algorithm>
#include <cmath>

#include "catch.h"
#include "models.h"

using namespace cairn;

TEST_CASE("fans are counted from the shape") {
  CHECK(nn::init::fans(zeros({5, 3})) == std::pair<std::int64_t, std::int64_t>{3, 5});
  CHECK(nn::init::fans(zeros({8, 4, 3, 2})) == std::pair<std::int64_t, std::int64_t>{24, 48});
  CHECK_THROWS_AS(nn::init::fans(zeros({5})), ShapeError);
}

TEST_CASE("initialisers write parameters in place and leave no graph", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const nn::Parameter weight(zeros({2, 3}, {.device = device}));
  CHECK(models::values(nn::init::ones_(weight)) == std::vector<float>(6, 1.0f));
  CHECK(models::values(nn::init::zeros_(weight)) == std::vector<float>(6, 0.0f));
  CHECK(models::values(nn::init::constant_(weight, 2.5)) == std::vector<float>(6, 2.5f));
  CHECK(weight.is_leaf());
  CHECK(weight.requires_grad());
}

TEST_CASE("kaiming's bound is gain times the root of three over the fan") {
  Generator generator(1), same(1);
  const double bound = std::sqrt(3.0) * (std::sqrt(2.0) / std::sqrt(5.0));
  const Tensor weight = nn::init::kaiming_uniform_(empty({4, 5}), 0, nn::init::FanMode::fan_in, generator);
  CHECK(models::values(weight) == models::values(uniform_(empty({4, 5}), -bound, bound, same)));
}

TEST_CASE("on a device the first numbers lie within the same bounds", "[device]") {
  for (const Device device : devices()) {
    CAPTURE(device);
    const double bound = std::sqrt(3.0) * (std::sqrt(2.0) / std::sqrt(50.0));
    const std::vector<float> found = models::values(
        nn::init::kaiming_uniform_(empty({40, 50}, {.device = device}), 0, nn::init::FanMode::fan_in, Generator(1)));
    for (const float value : found) CHECK(std::abs(value) <= bound);
    CHECK(*std::max_element(found.begin(), found.end()) > 0.9 * bound);
    CHECK(*std::min_element(found.begin(), found.end()) < -0.9 * bound);
  }
}

TEST_CASE("a meta tensor has no numbers to begin with and draws none") {
  Generator generator(1), same(1);
  nn::init::uniform_(empty({3}, {.device = "meta"}), 0, 1, generator);
  CHECK(generator.random() == same.random());
}
