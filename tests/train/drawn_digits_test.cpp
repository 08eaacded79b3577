#include <cairn/train/drawn_digits.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <set>

#include <cairn/core/ops.h>
#include <cairn/nn/linear.h>
#include <cairn/optim/adam.h>
#include <cairn/train/data_loader.h>
#include <cairn/train/models.h>
#include <cairn/train/trainer.h>

#include "catch.h"

using namespace cairn;

namespace {

/// FNV-1a of the bytes.
std::uint64_t digest(const Tensor& tensor) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const float pixel : tensor.data<float>()) {
    std::uint32_t bits;
    std::memcpy(&bits, &pixel, sizeof bits);
    for (int i = 0; i < 4; ++i) hash = (hash ^ (bits >> (8 * i) & 0xffu)) * 0x100000001b3u;
  }
  return hash;
}

struct LinearModel : nn::Module {
  nn::Child<nn::Linear> fc;
  explicit LinearModel(const Generator& generator)
      : fc(this, "fc", 64, 10, nn::LinearOptions{.generator = generator}) {}
  Tensor forward(const Tensor& x) override { return fc(x.flatten(1)); }
};

double trained_accuracy(nn::Module& model, const train::Split& data, const Generator& generator, double lr) {
  optim::Adam optimizer(model.named_parameters(), {.lr = lr});
  train::DataLoader loader(data.train, {.batch_size = 32, .shuffle = true, .generator = generator});
  train::Trainer trainer(model, optimizer, loader, data.test);
  trainer.run(10);
  return trainer.history().back().test_accuracy;
}

}  // namespace

TEST_CASE("the i-th picture shows the digit i % 10") {
  const train::TensorDataset digits = train::drawn_digits(23, {.size = 12});
  CHECK(digits.inputs().shape() == Shape{23, 1, 12, 12});
  CHECK(digits.inputs().dtype() == DType::float32);
  CHECK(digits.targets().dtype() == DType::int64);
  for (std::size_t i = 0; i < 23; ++i)
    CHECK(digits.targets().data<std::int64_t>()[i] == static_cast<std::int64_t>(i % 10));
}

TEST_CASE("every pixel lies in [0, 1], and there is ink") {
  const std::int64_t size = GENERATE(4, 8, 28, 33);
  const train::TensorDataset digits = train::drawn_digits(40, {.size = size, .seed = 2});
  const auto pixels = digits.inputs().data<float>();
  CHECK(std::ranges::all_of(pixels, [](float pixel) { return pixel >= 0 && pixel <= 1; }));
  for (std::int64_t i = 0; i < 40; ++i)
    CHECK(digits.inputs()[i].sum().item() > 0.05 * static_cast<double>(size * size));
}

TEST_CASE("the same seed gives the same pictures, on every machine") {
  CHECK(digest(train::drawn_digits(50, {.size = 8, .seed = 1}).inputs()) == 0x48f52ee2b8f411b9u);
  CHECK(digest(train::drawn_digits(20, {.size = 28, .seed = 7}).inputs()) == 0x938132f7b996f791u);
}

TEST_CASE("the first pictures do not depend on how many follow") {
  CHECK(digest(train::drawn_digits(10).inputs()) ==
        digest(train::drawn_digits(30).inputs().narrow(0, 0, 10).contiguous()));
}

TEST_CASE("another seed gives other pictures, and no two pictures of a digit are the same") {
  std::set<std::uint64_t> seen;
  for (const std::uint64_t seed : {0, 1, 2}) {
    const train::TensorDataset digits = train::drawn_digits(100, {.seed = seed});
    for (std::int64_t i = 0; i < 100; ++i) seen.insert(digest(digits.inputs()[i].contiguous()));
  }
  CHECK(seen.size() == 300);
}

TEST_CASE("noise is what was asked for") {
  Generator a(4), b(4);
  const Tensor clean = train::draw_digit(3, 16, 0, a), noisy = train::draw_digit(3, 16, 0.5, b);
  CHECK(std::ranges::count(clean.data<float>(), 0.0f) > 100);
  CHECK(abs(noisy - clean).sum().item() > 10);
  const auto difference = abs(noisy - clean);
  CHECK(std::ranges::all_of(difference.data<float>(), [](float d) { return d <= 0.5f; }));
}

TEST_CASE("what makes no sense is refused") {
  Generator generator(0);
  CHECK_THROWS_AS(train::draw_digit(10, 8, 0, generator), ValueError);
  CHECK_THROWS_AS(train::draw_digit(-1, 8, 0, generator), ValueError);
  CHECK_THROWS_AS(train::drawn_digits(-1), ValueError);
  CHECK_THROWS_WITH(train::drawn_digits(1, {.size = 3}), "drawn digits: the size is 3, but must be 4 to 4096 pixels");
  CHECK_THROWS_AS(train::drawn_digits(1, {.noise = 1.5}), ValueError);
  CHECK(train::drawn_digits(0).size() == 0);
}

TEST_CASE("a linear model stays clearly behind one with a hidden layer") {
  const train::Split data = train::split(train::drawn_digits(5000, {.size = 8, .seed = 1}), 4000);
  const Generator generator(0);
  LinearModel linear(generator);
  train::MLP mlp({.inputs = 64, .hidden = 64, .generator = generator});
  const double linear_accuracy = trained_accuracy(linear, data, generator, 1e-2);
  const double mlp_accuracy = trained_accuracy(mlp, data, generator, 1e-3);
  CAPTURE(linear_accuracy, mlp_accuracy);
  CHECK(linear_accuracy > 0.70);  // it does learn
  CHECK(linear_accuracy < 0.86);
  CHECK(mlp_accuracy > 0.95);
}
