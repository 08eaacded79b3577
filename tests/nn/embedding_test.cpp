#include <cairn/nn/embedding.h>

#include <cairn/core/generator.h>
#include <cairn/core/ops.h>

#include "catch.h"
#include "models.h"

using namespace cairn;

TEST_CASE("an embedding looks up a row for each index", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  nn::Embedding embedding(4, 3);
  embedding.to(device);
  const Tensor words = tensor<std::int64_t>({2, 0, 2, 3}).view({2, 2}).to(device);
  const Tensor rows = embedding(words);
  CHECK(rows.shape() == Shape{2, 2, 3});
  CHECK(models::values(rows[1][0]) == models::values(embedding.weight.detach()[2]));
  rows.sum().backward();
  CHECK(models::values(embedding.weight.grad()) == std::vector<float>{1, 1, 1, 0, 0, 0, 2, 2, 2, 1, 1, 1});
}

TEST_CASE("the row that pads begins as zeros and gets no gradient") {
  const std::int64_t given = GENERATE(1, -3);
  nn::Embedding embedding(4, 2, {.padding_idx = given});
  CHECK(embedding.padding_idx == 1);
  CHECK(models::values(embedding.weight.detach()[1]) == std::vector<float>{0, 0});
  embedding(tensor<std::int64_t>({1, 1, 3})).sum().backward();
  CHECK(models::values(embedding.weight.grad()) == std::vector<float>{0, 0, 0, 0, 0, 0, 1, 1});
  CHECK(to_string(embedding) == "Embedding(4, 2, padding_idx=1)");
}

TEST_CASE("an embedding begins with normal numbers of its generator") {
  const nn::Embedding one(5, 4, {.generator = Generator(3)});
  CHECK(models::values(one.weight) == models::values(randn({5, 4}, {}, Generator(3))));
  CHECK(to_string(one) == "Embedding(5, 4)");
}

TEST_CASE("rows that were trained elsewhere are used as they are") {
  const Tensor rows = rand({3, 2});
  nn::Embedding frozen = nn::Embedding::from_pretrained(rows), open = nn::Embedding::from_pretrained(rows, false, 0);
  CHECK_FALSE(frozen.weight.requires_grad());
  CHECK(open.weight.requires_grad());
  CHECK(open.padding_idx == 0);
  CHECK(models::values(frozen(tensor<std::int64_t>({2}))[0]) == models::values(rows[2]));
  CHECK_THROWS_WITH(nn::Embedding::from_pretrained(zeros({3})), "Embeddings parameter is expected to be 2-dimensional");
}

TEST_CASE("an embedding refuses what is no row") {
  nn::Embedding embedding(3, 2);
  CHECK_THROWS_WITH(embedding(tensor<std::int64_t>({3})), Catch::Matchers::StartsWith("index out of range in self"));
  CHECK_THROWS_AS(embedding(tensor<std::int64_t>({-1})), IndexError);
  CHECK_THROWS_WITH(nn::Embedding(3, 2, {.padding_idx = 3}), "Padding_idx must be within num_embeddings");
  CHECK_THROWS_AS(nn::Embedding(-1, 2), ValueError);
}
