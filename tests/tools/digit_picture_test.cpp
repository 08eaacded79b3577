#include <cairn/tools/digit_picture.h>

#include "catch.h"

using namespace cairn;

TEST_CASE("more ink is a darker character, two of them a pixel") {
  const Tensor picture = tensor<float>({0, 0.5f, 1, 0.1f, 0.95f, 2}).view({2, 3});
  CHECK(tools::digit_pictures({picture}) == "  ++@@\n..@@@@\n");
}

TEST_CASE("pictures stand side by side, without blanks at the end of a line") {
  const Tensor left = tensor<float>({1, 0}).view({1, 2, 1}), right = tensor<float>({1, 0}).view({2, 1});
  CHECK(tools::digit_pictures({left, right}, " | ") == "@@ | @@\n   |\n");
  CHECK(tools::digit_pictures({}).empty());
}
