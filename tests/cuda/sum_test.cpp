// Sums on a device are the tree of core/sum_tree.h, bit for bit: along rows and across them, whatever their length, and
// however the work was divided. The tree is the one of core/cpu/sum.h here, so that the CPU's kernels are checked as
// well.
#include <cairn/core.h>
#include <cairn/core/cpu/sum.h>

#include "catch.h"
#include "devices.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <vector>

using namespace cairn;

namespace {

/// Numbers whose sum depends on the order: of all sizes and both signs. Whole ones wrap around.
template <class T>
std::vector<T> terms(std::int64_t count) {
  std::vector<T> terms(static_cast<std::size_t>(count));
  std::uint64_t state = 12345;
  for (T& term : terms) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    if constexpr (std::is_integral_v<T>)
      term = static_cast<T>(state);
    else
      term =
          std::ldexp(static_cast<T>(static_cast<std::int64_t>(state) >> 40), static_cast<int>(state >> 33 & 15) - 24);
  }
  return terms;
}

template <class T>
T tree(const std::vector<T>& terms, std::int64_t start = 0, std::int64_t step = 1) {
  using Sum = std::conditional_t<std::is_integral_v<T>, std::uint64_t, T>;  // which may wrap around
  const auto count = (static_cast<std::int64_t>(terms.size()) - start + step - 1) / step;
  return static_cast<T>(sum_of<Sum>(
      count, [&](std::int64_t i) { return static_cast<Sum>(terms[static_cast<std::size_t>(start + i * step)]); }));
}

template <class T>
bool same_bits(const Tensor& tensor, const std::vector<T>& expected) {
  const std::vector<T> found = numbers<T>(tensor);
  return found.size() == expected.size() && std::memcmp(found.data(), expected.data(), found.size() * sizeof(T)) == 0;
}

/// What `columns` columns, side by side in memory, add up to.
template <class T>
std::vector<T> sums_of_columns(const std::vector<T>& numbers, std::int64_t columns) {
  std::vector<T> sums;
  for (std::int64_t c = 0; c < columns; ++c) sums.push_back(tree(numbers, c, columns));
  return sums;
}

constexpr std::int64_t lengths[] = {0, 1, 3, 4, 5, 15, 16, 17, 1023, 1024, 1025, 2048, 3 * 1024 + 1, 16384 + 77};

}  // namespace

TEMPLATE_TEST_CASE("a sum is the same tree along a row and down a column", "[device]", float, double, std::int64_t) {
  const Device device = GENERATE(from_range(everywhere()));
  for (const std::int64_t length : lengths) {
    for (const std::int64_t columns : {1, 2, 7, 8, 16, 37}) {
      CAPTURE(device, length, columns);
      const std::vector<TestType> all = terms<TestType>(length * columns), expected = sums_of_columns(all, columns);
      const Tensor across = from_data(std::span(all), {length, columns}).to(device);
      const Tensor along = across.t().contiguous().to(device);
      CHECK(same_bits(sum(across, Shape{0}), expected));
      CHECK(same_bits(sum(along, Shape{1}), expected));
      CHECK(same_bits(sum(along.t(), Shape{0}), expected));
    }
  }
}

TEMPLATE_TEST_CASE("a sum over several dimensions takes its terms row by row", "[device]", float, double) {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const std::vector<TestType> all = terms<TestType>(23 * 9 * 131);
  const Tensor x = from_data(std::span(all), {23, 9, 131}).to(device);  // terms of an output: 23 rows of 131
  std::vector<TestType> expected;
  for (std::int64_t c = 0; c < 9; ++c) {
    std::vector<TestType> own;
    for (std::int64_t r = 0; r < 23 * 131; ++r)
      own.push_back(all[static_cast<std::size_t>((r / 131 * 9 + c) * 131 + r % 131)]);
    expected.push_back(tree(own));
  }
  CHECK(same_bits(sum(x, Shape{0, 2}), expected));
  const Tensor apart = x.permute({2, 1, 0}).contiguous().permute({2, 1, 0});
  CHECK(same_bits(sum(apart, Shape{0, 2}), expected));
  const Tensor repeated = x.narrow(2, 0, 1).expand({23, 9, 131});
  CHECK(same_bits(sum(repeated, Shape{0, 2}), numbers<TestType>(sum(repeated.contiguous(), Shape{0, 2}))));
}

TEST_CASE("a sum over more dimensions than a kernel's short table holds is the same tree", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Shape twos, reversed;
  for (int i = 0; i < 12; ++i) twos.push_back(2), reversed.push_back(11 - i);
  const std::vector<float> all = terms<float>(4096);
  const Tensor rows = from_data(std::span(all), twos).permute(reversed).contiguous().view({2, 2048});
  const Tensor x = from_data(std::span(all), twos).to(device).permute(reversed);
  CHECK(same_bits<float>(sum(x), {tree(numbers<float>(rows))}));
  CHECK(same_bits(sum(x, Shape{0}), numbers<float>(sum(rows, Shape{0}))));
}

TEST_CASE("a sum of more than a million terms goes through two passes of nodes, and is the tree", "[device]") {
  const std::vector<float> all = terms<float>(3 * 1000 * 1000 + 11);
  float one_by_one = 0;
  for (const float term : all) one_by_one += term;
  const float expected = tree(all);
  REQUIRE(expected != one_by_one);  // or this test could not fail
  for (const Device device : everywhere()) {
    CAPTURE(device);
    const Tensor x = from_data(std::span(all), {static_cast<std::int64_t>(all.size())}).to(device);
    CHECK(same_bits<float>(sum(x), {expected}));
    CHECK(numbers<float>(max(x))[0] == *std::max_element(all.begin(), all.end()));
    CHECK(argmin(x).item_int64() == std::min_element(all.begin(), all.end()) - all.begin());
    CHECK(same_bits<float>(mean(x), {expected / static_cast<float>(all.size())}));
    const Tensor columns = x.narrow(0, 0, 3 * 1000 * 1000).view({1500 * 1000, 2});
    CHECK(same_bits(sum(columns, Shape{0}), sums_of_columns(std::vector<float>(all.begin(), all.end() - 11), 2)));
  }
}

TEST_CASE("the extreme of a long row is the first of equals, and NaN beats anything", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  for (const std::int64_t length : {5, 40, 1023, 1024, 5000}) {
    CAPTURE(length);
    const Tensor rows = zeros({3, length});
    const std::int64_t last = length - 1, middle = length / 2;
    rows[0][middle].fill_(7), rows[0][last].fill_(7);
    rows[1][middle].fill_(INFINITY), rows[1][last].fill_(NAN);
    rows[2][1].fill_(NAN), rows[2][middle].fill_(NAN);
    const std::vector<std::int64_t> expected = {middle, last, 1};
    const Tensor along = rows.to(device), across = rows.t().contiguous().to(device);
    CHECK(numbers<std::int64_t>(argmax(along, 1)) == expected);
    CHECK(numbers<std::int64_t>(argmax(across, 0)) == expected);
    CHECK(numbers<std::int64_t>(argmin(-along, 1)) == expected);
    CHECK(numbers<std::int64_t>(argmin(-across, 0)) == expected);
    for (const std::vector<float>& found : {numbers<float>(amax(along, {1})), numbers<float>(amax(across, {0})),
                                            numbers<float>(-amin(-along, {1})), numbers<float>(-amin(-across, {0}))}) {
      CHECK(found[0] == 7);
      CHECK(std::isnan(found[1]));
      CHECK(std::isnan(found[2]));
    }
  }
}

TEST_CASE("a row of more classes than sixteen blocks of terms has the CPU's cross-entropy", "[device]") {
  const std::int64_t classes = 40000;
  const Tensor x = rand({3, classes}, {.dtype = DType::float64}, Generator(2)) * 8;
  const Tensor target = tensor<std::int64_t>({0, 31000, classes - 1});
  for (const double smoothing : {0.0, 0.1}) {
    const CrossEntropyOptions options{.reduction = Reduction::none, .label_smoothing = smoothing};
    const std::vector<double> expected = numbers<double>(cross_entropy(x, target, options));
    for (const Device device : devices()) {
      CAPTURE(device, smoothing);
      const std::vector<double> found = numbers<double>(cross_entropy(x.to(device), target.to(device), options));
      for (std::size_t i = 0; i < 3; ++i) CHECK(found[i] == Approx(expected[i]).epsilon(1e-13));
    }
  }
}
