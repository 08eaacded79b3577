#include <cairn/nn/dropout.h>

#include <cairn/core/generator.h>
#include <cairn/core/ops.h>

#include "catch.h"
#include "models.h"

using namespace cairn;

TEST_CASE("dropout leaves numbers out in training alone, and the others grow", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  nn::Dropout dropout({.p = 0.25, .generator = Generator(1)});
  const Tensor x = ones({1000}).to(device);
  const Tensor y = dropout(x);
  std::int64_t out = 0;
  for (const float value : models::values(y)) {
    CHECK((value == 0 || value == Approx(1 / 0.75)));
    out += value == 0;
  }
  CHECK(out > 200);
  CHECK(out < 300);
  CHECK(dropout.eval()(x).is_same(x));
}

TEST_CASE("dropout that works in place writes into its input") {
  nn::Dropout dropout({.p = 0.5, .inplace = true, .generator = Generator(1)});
  const Tensor x = ones({50}), expected = cairn::dropout(x, 0.5, true, Generator(1));
  CHECK(dropout(x).is_same(x));
  CHECK(models::values(x) == models::values(expected));
}

TEST_CASE("dropout prints its probability, which must be one") {
  CHECK(to_string(nn::Dropout()) == "Dropout(p=0.5, inplace=False)");
  CHECK(to_string(nn::Dropout({.p = 0.1, .inplace = true})) == "Dropout(p=0.1, inplace=True)");
  CHECK_THROWS_WITH(nn::Dropout(1.5), "dropout probability has to be between 0 and 1, but got 1.5");
}
