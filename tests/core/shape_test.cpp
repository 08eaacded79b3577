// Shapes: a short list of extents, inline or on the heap, and the rules about them.
#include <cairn/core/shape.h>

#include "catch.h"

#include <utility>
#include <vector>

#include <cairn/core/error.h>

using namespace cairn;

namespace {

Shape of_rank(int rank) {
  Shape shape;
  for (int i = 0; i < rank; ++i) shape.push_back(i + 1);
  return shape;
}

}  // namespace

TEST_CASE("A shape of any rank copies, moves and compares, inline or on the heap") {
  for (int rank : {0, 1, 5, 6, 7, 8, 63, 64}) {
    CAPTURE(rank);
    const Shape shape = of_rank(rank);
    REQUIRE(shape.rank() == rank);
    for (int i = 0; i < rank; ++i) REQUIRE(shape[i] == i + 1);

    const Shape copy = shape;
    CHECK(copy == shape);
    Shape moved_from = shape;
    const Shape moved = std::move(moved_from);
    CHECK(moved == shape);
    moved_from = shape;
    CHECK(moved_from == shape);

    for (int other_rank : {0, 6, 7, 64}) {
      Shape target = of_rank(other_rank);
      target = shape;
      CHECK(target == shape);
      Shape second = of_rank(other_rank);
      second = std::move(target);
      CHECK(second == shape);
      CHECK((shape == of_rank(other_rank)) == (rank == other_rank));
    }
    Shape self = shape;
    self = *&self;
    CHECK(self == shape);
  }
}

TEST_CASE("More than 64 dimensions are refused") {
  CHECK_THROWS_AS(Shape(std::span<const std::int64_t>(std::vector<std::int64_t>(65, 1))), ShapeError);
  Shape full = of_rank(64);
  CHECK_THROWS_AS(full.push_back(1), ShapeError);
  CHECK(full.rank() == 64);
}

TEST_CASE("numel is the product of the extents, 1 for a scalar, and never overflows in silence") {
  CHECK(Shape{}.numel() == 1);
  CHECK(Shape{2, 3, 4}.numel() == 24);
  CHECK(Shape{2, 0, 4}.numel() == 0);
  CHECK(Shape{std::int64_t{1} << 62, std::int64_t{1} << 62, 0}.numel() == 0);
  CHECK_THROWS_WITH((Shape{std::int64_t{1} << 62, 4}.numel()), "numel: integer multiplication overflow");
}

TEST_CASE("Shapes print as PyTorch's") {
  CHECK(to_string(Shape{}) == "torch.Size([])");
  CHECK(to_string(Shape{2}) == "torch.Size([2])");
  CHECK(to_string(Shape{2, 3}) == "torch.Size([2, 3])");
  CHECK(bracketed(Shape{4, -1}) == "[4, -1]");
}

TEST_CASE("A negative dimension counts from the end; one out of range is PyTorch's error") {
  CHECK(wrap_dim(0, 2) == 0);
  CHECK(wrap_dim(-1, 2) == 1);
  CHECK(wrap_dim(-2, 2) == 0);
  CHECK(wrap_dim(-1, 0) == 0);
  CHECK(wrap_dim(0, 0) == 0);
  CHECK_THROWS_AS(wrap_dim(2, 2), IndexError);
  CHECK_THROWS_WITH(wrap_dim(5, 2), "Dimension out of range (expected to be in range of [-2, 1], but got 5)");
  CHECK_THROWS_WITH(wrap_dim(-3, 2), "Dimension out of range (expected to be in range of [-2, 1], but got -3)");
  CHECK_THROWS_WITH(wrap_dim(1, 0), "Dimension out of range (expected to be in range of [-1, 0], but got 1)");
  const Shape shape{2, 3};
  CHECK(shape.at(-1) == 3);
  CHECK_THROWS_WITH(shape.at(2), "Dimension out of range (expected to be in range of [-2, 1], but got 2)");
  CHECK_THROWS_AS(Shape{}.at(0), IndexError);
}

TEST_CASE("Row-major strides, also where an extent is 0") {
  CHECK(contiguous_strides({2, 3}) == Shape{3, 1});
  CHECK(contiguous_strides({2, 3, 4}) == Shape{12, 4, 1});
  CHECK(contiguous_strides({}) == Shape{});
  CHECK(contiguous_strides({0, 3}) == Shape{3, 1});
  CHECK(contiguous_strides({2, 0, 4}) == Shape{4, 4, 1});
}

TEST_CASE("Broadcasting aligns at the last dimension and stretches extents of 1") {
  struct Row {
    Shape a, b, result;
  };
  const Row rows[] = {
      {{3}, {3}, {3}},      {{2, 3}, {3}, {2, 3}}, {{3}, {2, 3}, {2, 3}},         {{2, 1}, {1, 3}, {2, 3}},
      {{}, {4, 5}, {4, 5}}, {{1}, {0}, {0}},       {{5, 1, 3}, {4, 1}, {5, 4, 3}}};
  for (const Row& row : rows) {
    CAPTURE(to_string(row.a), to_string(row.b));
    CHECK(broadcast_shapes(row.a, row.b) == row.result);
  }
  CHECK_THROWS_AS(broadcast_shapes({3}, {4}), ShapeError);
  CHECK_THROWS_WITH(broadcast_shapes({3}, {4}),
                    "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 0");
  CHECK_THROWS_WITH(broadcast_shapes({2, 3}, {2, 4}),
                    "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1");
  CHECK_THROWS_WITH(broadcast_shapes({2}, {5, 3}),
                    "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 1");
}
