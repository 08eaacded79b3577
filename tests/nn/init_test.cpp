#include <cairn/nn/init.h>

#include <algorithm>
#include <cmath>

#include "catch.h"
#include "fingerprint.h"
#include "message_of.h"
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
  const Tensor weight = nn::init::kaiming_uniform_(empty({4, 5}), 0, nn::init::FanMode::fan_in,
                                                   nn::init::Nonlinearity::leaky_relu, generator);
  CHECK(models::values(weight) == models::values(uniform_(empty({4, 5}), -bound, bound, same)));
}

TEST_CASE("every initialiser gives PyTorch's numbers and leaves PyTorch's state") {
  using nn::init::FanMode, nn::init::Nonlinearity;
  const auto expect = [](std::uint64_t expected, auto initialise) {
    CHECK(fingerprint([&](const Generator& generator) {
            const Tensor weight = empty({6, 4, 3});
            initialise(weight, generator);
            return weight;
          }) == expected);
  };
  expect(0x9af1883576c8c4fc, [](const Tensor& w, const Generator& g) { nn::init::uniform_(w, -1, 3, g); });
  expect(0x120a15817396e979, [](const Tensor& w, const Generator& g) { nn::init::normal_(w, 1, 0.1, g); });
  expect(0x339c6c1f54592519, [](const Tensor& w, const Generator& g) { nn::init::xavier_uniform_(w, 1, g); });
  expect(0x0f4d285d0cc5c64f, [](const Tensor& w, const Generator& g) { nn::init::xavier_uniform_(w, 1.7, g); });
  expect(0xe83054092772d43d, [](const Tensor& w, const Generator& g) { nn::init::xavier_normal_(w, 1.7, g); });
  expect(0xbdb8d5f9c9c9927d, [](const Tensor& w, const Generator& g) {
    nn::init::kaiming_uniform_(w, 0, FanMode::fan_out, Nonlinearity::relu, g);
  });
  expect(0xd7335f14bce955e3, [](const Tensor& w, const Generator& g) {
    nn::init::kaiming_uniform_(w, 0.3, FanMode::fan_in, Nonlinearity::leaky_relu, g);
  });
  expect(0x6c2b7f49333bd35f, [](const Tensor& w, const Generator& g) {
    nn::init::kaiming_normal_(w, 0, FanMode::fan_in, Nonlinearity::tanh, g);
  });
  expect(0xa289de01940cb954, [](const Tensor& w, const Generator& g) {
    nn::init::kaiming_normal_(w, 0, FanMode::fan_out, Nonlinearity::selu, g);
  });
}

TEST_CASE("trunc_normal_ gives PyTorch's numbers in every dtype, also in a tail") {
  struct Row {
    DType dtype;
    std::uint64_t middle, tail;
  };
  // clang-format off
  constexpr Row rows[] = {
    {DType::float32, 0x03c84a0c91beb083, 0x0ef4a564bc10bb33},
    {DType::float64, 0xb4822376baf49f75, 0x2167a628adc08a0e},
    {DType::float16, 0x4fffc976609ec94e, 0x127ee7462e380edb},
    {DType::bfloat16, 0xb1692f227ba9d704, 0x37ffc852e62bddaa},
  };
  // clang-format on
  for (const Row& row : rows) {
    CAPTURE(row.dtype);
    CHECK(fingerprint([&](const Generator& generator) {
            return nn::init::trunc_normal_(empty({30, 7}, {.dtype = row.dtype}), 0.5, 1, -1, 1, generator);
          }) == row.middle);
    CHECK(fingerprint([&](const Generator& generator) {
            return nn::init::trunc_normal_(empty({30, 7}, {.dtype = row.dtype}), 0, 0.5, 1, 1.5, generator);
          }) == row.tail);
  }
  CHECK_THROWS_AS(nn::init::trunc_normal_(empty({3}, {.dtype = DType::int64})), DTypeError);
}

TEST_CASE("gains are PyTorch's") {
  using nn::init::calculate_gain, nn::init::Nonlinearity;
  CHECK(calculate_gain(Nonlinearity::linear) == 1);
  CHECK(calculate_gain(Nonlinearity::conv_transpose3d) == 1);
  CHECK(calculate_gain(Nonlinearity::sigmoid) == 1);
  CHECK(calculate_gain(Nonlinearity::tanh) == 5.0 / 3);
  CHECK(calculate_gain(Nonlinearity::relu) == 1.4142135623730951);
  CHECK(calculate_gain(Nonlinearity::leaky_relu) == 1.4141428569978354);
  CHECK(calculate_gain(Nonlinearity::leaky_relu, 0.2) == 1.3867504905630728);
  CHECK(calculate_gain(Nonlinearity::selu) == 0.75);
}

TEST_CASE("eye_ writes the identity into a matrix of any layout", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  CHECK(models::values(nn::init::eye_(ones({2, 3}, {.device = device}))) == std::vector<float>{1, 0, 0, 0, 1, 0});
  CHECK(models::values(nn::init::eye_(ones({2, 3}, {.device = device}).t())) == std::vector<float>{1, 0, 0, 1, 0, 0});
  CHECK(nn::init::eye_(empty({0, 3}, {.device = device})).numel() == 0);
  CHECK(message_of([&] { nn::init::eye_(empty({3}, {.device = device})); }) ==
        "Only tensors with 2 dimensions are supported");
}

TEST_CASE("initialisers refuse what PyTorch's refuse, with its text") {
  const std::string text = "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions";
  CHECK(message_of([] { nn::init::xavier_uniform_(empty({3})); }) == text);
  CHECK(message_of([] { nn::init::xavier_normal_(empty({3})); }) == text);
  CHECK(message_of([] { nn::init::kaiming_normal_(empty({3})); }) == text);
  CHECK(nn::init::kaiming_normal_(empty({0})).numel() == 0);  // nothing to do
}

TEST_CASE("on a device the first numbers lie within the same bounds", "[device]") {
  for (const Device device : devices()) {
    CAPTURE(device);
    const double bound = std::sqrt(3.0) * (std::sqrt(2.0) / std::sqrt(50.0));
    const std::vector<float> found =
        models::values(nn::init::kaiming_uniform_(empty({40, 50}, {.device = device}), 0, nn::init::FanMode::fan_in,
                                                  nn::init::Nonlinearity::leaky_relu, Generator(1)));
    for (const float value : found) CHECK(std::abs(value) <= bound);
    CHECK(*std::max_element(found.begin(), found.end()) > 0.9 * bound);
    CHECK(*std::min_element(found.begin(), found.end()) < -0.9 * bound);
  }
}

TEST_CASE("a meta tensor has no numbers to begin with and draws none") {
  Generator generator(1), same(1);
  nn::init::uniform_(empty({3}, {.device = "meta"}), 0, 1, generator);
  nn::init::normal_(empty({3}, {.device = "meta"}), 0, 1, generator);
  nn::init::trunc_normal_(empty({3}, {.device = "meta"}), 0, 1, -2, 2, generator);
  CHECK(generator.random() == same.random());
}
