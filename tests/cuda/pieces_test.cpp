// Cutting tensors for 32-bit kernels: arithmetic alone, so that tensors may be larger than any memory.
#include <cairn/cuda/pieces.h>

#include "catch.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include <cairn/cuda/launch.h>

using namespace cairn;
using namespace cairn::cuda;

namespace {

using Numbers = std::vector<std::int64_t>;

/// A tensor that is only its shape and strides.
struct Layout {
  Numbers dims, strides;
  View view() const {
    return {nullptr, dims.data(), strides.data(), static_cast<std::int32_t>(dims.size()), DType::float32};
  }
};

std::int64_t numel(const Numbers& dims) {
  return std::accumulate(dims.begin(), dims.end(), std::int64_t{1}, std::multiplies<>());
}

Layout contiguous(const Numbers& dims) {
  Layout layout{dims, Numbers(dims.size())};
  std::int64_t stride = 1;
  for (std::size_t d = dims.size(); d-- > 0; stride *= std::max<std::int64_t>(dims[d], 1)) layout.strides[d] = stride;
  return layout;
}

/// Where the i-th element of `shape`, row by row, lies in a tensor that broadcasts to it.
std::int64_t offset_of(const Layout& layout, const Numbers& shape, std::int64_t i) {
  std::int64_t offset = 0;
  for (std::size_t d = shape.size(); d-- > 0; i /= shape[d]) {
    const std::size_t missing = shape.size() - layout.dims.size();
    if (d >= missing && layout.dims[d - missing] != 1) offset += i % shape[d] * layout.strides[d - missing];
  }
  return offset;
}

template <std::size_t operands>
JoinedDims<static_cast<int>(operands)> join(const std::array<Layout, operands>& layouts) {
  View views[operands];
  const View* pointers[operands];
  for (std::size_t k = 0; k < operands; ++k) pointers[k] = &(views[k] = layouts[k].view());
  return JoinedDims<static_cast<int>(operands)>(pointers);
}

/// Checks `samples` elements of each piece, its first and last among them, against `offset_of`; all if there are no
/// more. Returns how many pieces there were.
template <std::size_t operands>
int check_pieces(const std::array<Layout, operands>& layouts, std::int64_t limit = std::int64_t{1} << 31,
                 std::int64_t samples = 1 << 20) {
  const Numbers& shape = layouts[0].dims;
  std::int64_t done = 0, wrong = 0, too_large = 0;
  int pieces = 0;
  const auto check = [&](const auto& piece) {
    ++pieces;
    const std::int64_t count = piece.count, step = std::max<std::int64_t>(1, (count - 1) / samples);
    std::array<std::int64_t, operands> least, most;
    for (std::int64_t i = 0; i < count; i = i < count - 1 ? std::min(i + step, count - 1) : count) {
      const auto index = static_cast<std::uint32_t>(i);
      const auto at = piece.is_row() ? piece.template place<true>(index) : piece.template place<false>(index);
      for (std::size_t k = 0; k < operands; ++k) {
        const std::int64_t offset = at[static_cast<int>(k)];
        wrong += offset != offset_of(layouts[k], shape, done + i);
        wrong += offset != piece.template place<false>(index)[static_cast<int>(k)];
        least[k] = i == 0 ? offset : std::min(least[k], offset);
        most[k] = i == 0 ? offset : std::max(most[k], offset);
      }
    }
    too_large += count >= limit || count == 0;
    for (std::size_t k = 0; k < operands; ++k) too_large += most[k] - least[k] >= limit;
    done += count;
  };
  for_each_piece(join(layouts), check, limit);
  CHECK(done == numel(shape));
  CHECK(wrong == 0);
  CHECK(too_large == 0);
  return pieces;
}

}  // namespace

TEST_CASE("a Divider divides as / does, at the edges of every divisor") {
  constexpr std::uint32_t most = 0x7fffffff;
  std::mt19937 random(1);
  std::vector<std::uint32_t> divisors;
  for (std::uint32_t d = 1; d <= 1000; ++d) divisors.push_back(d);
  for (int bit = 10; bit < 31; ++bit)
    for (const int near : {-2, -1, 0, 1, 2}) divisors.push_back((1u << bit) + static_cast<std::uint32_t>(near));
  for (int i = 0; i < 500; ++i) divisors.push_back(1 + random() % most);
  for (const std::uint32_t near : {0, 1, 2}) divisors.push_back(most - near);
  std::int64_t wrong = 0;
  for (const std::uint32_t d : divisors) {
    const Divider divider(d);
    const auto check = [&](std::int64_t n) {
      if (n < 0 || n > most) return;
      const auto number = static_cast<std::uint32_t>(n);
      wrong += divider.divide(number) != number / d;
    };
    for (std::int64_t n = 0; n < 20; ++n) check(n), check(most - n);
    for (const std::int64_t quotient :
         {std::int64_t{1}, std::int64_t{2}, std::int64_t{1} + most / d / 2, std::int64_t{most / d}})
      for (const int near : {-1, 0, 1}) check(quotient * d + near);
    for (int i = 0; i < 200; ++i) check(random() & most);
  }
  CHECK(wrong == 0);
}

TEST_CASE("contiguous tensors, and scalars beside them, are one row") {
  for (const Numbers& dims : {Numbers{}, {1}, {7}, {2, 3, 4}, {1, 5, 1}}) {
    const std::array layouts = {contiguous(dims), contiguous(dims), contiguous({})};
    CHECK(check_pieces(layouts) == 1);
    for_each_piece(join(layouts), [](const auto& piece) { CHECK(piece.is_row()); });
  }
}

TEST_CASE("there is no piece of an empty tensor") {
  for (const Numbers& dims : {Numbers{0}, {3, 0}, {0, 3}, {2, 0, 1 << 30, 1 << 30}})
    CHECK(check_pieces(std::array{contiguous(dims), contiguous(dims)}) == 0);
}

TEST_CASE("pieces cover any shape once and in order, whatever the strides and the limit") {
  std::mt19937 random(2);
  const auto below = [&](std::size_t n) { return static_cast<std::int64_t>(random() % n); };
  for (int round = 0; round < 3000; ++round) {
    Numbers shape(static_cast<std::size_t>(below(7)));
    for (std::int64_t& extent : shape) extent = 1 + below(5);
    if (!shape.empty() && round % 50 == 0) shape[static_cast<std::size_t>(below(shape.size()))] = 0;
    std::array<Layout, 3> layouts;
    for (std::size_t k = 0; k < layouts.size(); ++k) {
      // Dimensions in any order in memory, with gaps; some repeated or, but for the first tensor, missing.
      Layout& layout = layouts[k];
      layout = {shape, Numbers(shape.size())};
      std::vector<std::size_t> order(shape.size());
      std::iota(order.begin(), order.end(), 0u);
      if (below(2)) std::shuffle(order.begin(), order.end(), random);
      std::int64_t stride = 1 + below(2);
      for (std::size_t n = order.size(); n-- > 0;) {
        layout.strides[order[n]] = k > 0 && below(5) == 0 ? 0 : stride;
        stride *= std::max<std::int64_t>(1, shape[order[n]]) + (below(4) == 0);
      }
      if (k == 0) continue;
      for (std::size_t d = 0; d < shape.size(); ++d)
        if (below(6) == 0) layout.dims[d] = 1;
      if (!shape.empty() && below(5) == 0) {
        const auto missing = static_cast<std::ptrdiff_t>(1 + below(shape.size()));
        layout.dims.erase(layout.dims.begin(), layout.dims.begin() + missing);
        layout.strides.erase(layout.strides.begin(), layout.strides.begin() + missing);
      }
    }
    CAPTURE(round);
    check_pieces(layouts, Numbers{2, 3, 10, 100, std::int64_t{1} << 31}[static_cast<std::size_t>(below(5))]);
  }
}

TEST_CASE("a tensor of 64 dimensions is cut into pieces of 8") {
  Layout y{Numbers(64, 1), Numbers(64, 1)}, x = y;
  for (std::size_t n = 0; n < 12; ++n) {  // 12 dimensions that cannot be joined
    y.dims[5 * n] = x.dims[5 * n] = 2;
    y.strides[5 * n] = std::int64_t{1} << n;
    x.strides[5 * n] = std::int64_t{3} << (11 - n);
  }
  CHECK(check_pieces(std::array{y, x}) == 16);
  CHECK(check_pieces(std::array{y, contiguous({})}) == 16);
}

TEST_CASE("more than 2^31 elements are several pieces") {
  constexpr std::int64_t large = std::int64_t{1} << 31;
  for (const Numbers& dims :
       {Numbers{large - 1}, {large}, {large + 1}, {3, large, 5}, {large * 3 + 1}, {7, 1 << 20, 1 << 12, 3}}) {
    CAPTURE(dims);
    const int pieces = check_pieces(std::array{contiguous(dims), contiguous(dims), contiguous({})}, large, 10);
    CHECK(pieces >= numel(dims) / large + 1);
    CHECK(pieces <= numel(dims) / (large / 2) + 1);
  }
  // Few elements that lie far apart, and many that lie in one place.
  CHECK(check_pieces(std::array{Layout{{5, 3}, {large, 1}}, contiguous({5, 3})}) == 5);
  CHECK(check_pieces(std::array{Layout{{2, 3}, {1, large / 2}}, contiguous({2, 3})}) > 1);
  CHECK(check_pieces(std::array{Layout{{2}, {std::int64_t{1} << 62}}, contiguous({2})}) == 2);
  CHECK(check_pieces(std::array{contiguous({1 << 20, 1 << 15}), contiguous({1 << 15})}, large, 10) == 32);
  CHECK(check_pieces(std::array{contiguous({1 << 20, 1 << 15}), contiguous({1 << 20, 1})}, large, 10) == 32);
}

TEST_CASE("blocks are enough for any count, and none for nothing") {
  CHECK(blocks_for(0, 1024) == 0);
  CHECK(blocks_for(1, 1024) == 1);
  CHECK(blocks_for(1024, 1024) == 1);
  CHECK(blocks_for(1025, 1024) == 2);
  CHECK(blocks_for((std::int64_t{1} << 31) - 1, 1024) == 1 << 21);
  CHECK(blocks_for((std::int64_t{1} << 41) + 1, 1024) == (std::int64_t{1} << 31) + 1);
  CHECK(blocks_for(INT64_MAX, 1024) == std::int64_t{1} << 53);
  CHECK(blocks_for(INT64_MAX, 1) == INT64_MAX);
}
