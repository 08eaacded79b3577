// <cairn/train.h> brings everything of the layer, and <cairn/...> below it.
#include <cairn/train.h>

#include <type_traits>

#include "catch.h"

using namespace cairn;

TEST_CASE("train.h declares the whole layer") {
  STATIC_REQUIRE(std::is_base_of_v<Stateful, train::DataLoader>);
  STATIC_REQUIRE(std::is_base_of_v<Stateful, train::Trainer>);
  STATIC_REQUIRE(std::is_base_of_v<train::Dataset, train::TensorDataset>);
  STATIC_REQUIRE(std::is_base_of_v<nn::Module, train::MLP>);
  STATIC_REQUIRE(std::is_same_v<decltype(train::read_idx_folder("")), train::Split>);
  STATIC_REQUIRE(std::is_same_v<decltype(train::drawn_digits(0)), train::TensorDataset>);
  train::Checkpoint checkpoint;
  CHECK(checkpoint.values().empty());
}
