// core/cpu/matmul.h through the operations that use it: every element is one chain of multiply-adds, whatever the
// shape, the layout, the instruction set and the number of threads, so every result here is compared bit for bit with
// that chain. Errors, broadcasting and gradients are in the table of operations (operation_cases.h).
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <utility>
#include <vector>

#include <cairn/core.h>

#include "catch.h"
#include "instruction_sets.h"

using namespace cairn;

namespace {

/// Calls check() with every instruction set the machine has.
template <class F>
void with_every_set(F&& check) {
  on_every_instruction_set([&] { check(); });
}

/// Numbers around 0, of which few products and sums are exact.
template <class T>
std::vector<T> random_numbers(std::int64_t count, std::uint32_t seed) {
  std::mt19937 engine(seed);
  std::vector<T> numbers(static_cast<std::size_t>(count));
  for (T& number : numbers) {
    if constexpr (std::is_integral_v<T>)
      number = static_cast<T>(engine()) * 0x9e3779b97f4a7c15;  // products wrap around
    else
      number = static_cast<T>(std::uniform_real_distribution<double>(-1, 1)(engine));
  }
  return numbers;
}

/// The chain continued by a b, as the instruction set in use computes it.
template <class T>
T multiply_add(T a, T b, T sum) {
  if constexpr (std::is_integral_v<T>) {
    using Bits = std::uint64_t;
    return static_cast<T>(static_cast<Bits>(a) * static_cast<Bits>(b) + static_cast<Bits>(sum));
  } else {
    return instruction_set_in_use() == InstructionSet::baseline ? a * b + sum : std::fma(a, b, sum);
  }
}

/// How many numbers a register of the instruction set in use holds.
template <class T>
std::int64_t lanes() {
  const int bytes = instruction_set_in_use() == InstructionSet::avx512 ? 64
                    : instruction_set_in_use() == InstructionSet::avx2 ? 32
                                                                       : 16;
  return bytes / static_cast<std::int64_t>(sizeof(T));
}

/// One row alone, or one column, is computed by as many chains as there are lanes, if k is long enough for them.
template <class T>
bool has_lanes(std::int64_t m, std::int64_t n, std::int64_t k) {
  return std::is_floating_point_v<T> && (m == 1 || n == 1) && k >= 2 * lanes<T>();
}

/// x · y, as it is computed there.
template <class T, class X, class Y>
T lane_sum(std::int64_t k, X&& x, Y&& y) {
  std::vector<T> sums(static_cast<std::size_t>(lanes<T>()), 0);
  for (std::int64_t p = 0; p < k || p % lanes<T>() != 0; ++p) {
    T& sum = sums[static_cast<std::size_t>(p % lanes<T>())];
    sum = p < k ? multiply_add(x(p), y(p), sum) : multiply_add(T(0), T(0), sum);
  }
  for (; sums.size() > 1; sums.resize(sums.size() / 2)) {
    for (std::size_t l = 0; l < sums.size() / 2; ++l) sums[l] += sums[l + sums.size() / 2];
  }
  return sums[0];
}

/// start (per column, or empty) + a [m, k] b [k, n], all row by row.
template <class T>
std::vector<T> product(std::int64_t m, std::int64_t n, std::int64_t k, const std::vector<T>& a, const std::vector<T>& b,
                       const std::vector<T>& start = {}) {
  std::vector<T> c(static_cast<std::size_t>(m * n));
  for (std::int64_t i = 0; i < m; ++i) {
    T* const row = c.data() + i * n;
    if (!start.empty()) std::copy(start.begin(), start.end(), row);
    const T* const factors = a.data() + i * k;
    if (has_lanes<T>(m, n, k)) {
      for (std::int64_t j = 0; j < n; ++j) {
        const T* const column = b.data() + j;
        const T sum = lane_sum<T>(
            k, [&](std::int64_t p) { return factors[p]; }, [&](std::int64_t p) { return column[p * n]; });
        row[j] = start.empty() ? sum : row[j] + sum;
      }
    } else {
      for (std::int64_t p = 0; p < k; ++p) {
        for (std::int64_t j = 0; j < n; ++j)
          row[j] = multiply_add(factors[p], b[static_cast<std::size_t>(p * n + j)], row[j]);
      }
    }
  }
  return c;
}

enum class Layout { rows, columns, apart };  // contiguous rows, contiguous columns, neither
constexpr Layout layouts[] = {Layout::rows, Layout::columns, Layout::apart};

/// The matrix in a layout, beginning `offset` elements into its storage, with numbers around it that must not count.
template <class T>
Tensor matrix(const std::vector<T>& numbers, std::int64_t rows, std::int64_t columns, Layout layout,
              std::int64_t offset = 0) {
  const std::int64_t row = layout == Layout::rows ? columns : layout == Layout::columns ? 1 : 3 * columns + 1;
  const std::int64_t column = layout == Layout::rows ? 1 : layout == Layout::columns ? rows : 3;
  const T around = std::numeric_limits<T>::has_quiet_NaN ? std::numeric_limits<T>::quiet_NaN() : T(77);
  const std::int64_t size = offset + (rows - 1) * row + (columns - 1) * column + 1;
  std::vector<T> memory(static_cast<std::size_t>(size), around);
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j)
      memory[static_cast<std::size_t>(offset + i * row + j * column)] =
          numbers[static_cast<std::size_t>(i * columns + j)];
  }
  return from_bytes(memory.data(), {size}, dtype_of<T>).as_strided({rows, columns}, {row, column}, offset);
}

template <class T>
bool same_bits(const Tensor& found, const std::vector<T>& expected) {
  const auto numbers = found.data<T>();
  return numbers.size() == expected.size() &&
         std::memcmp(numbers.data(), expected.data(), expected.size() * sizeof(T)) == 0;
}

/// All layouts of both operands, at changing offsets.
template <class T>
void check_product(std::int64_t m, std::int64_t n, std::int64_t k) {
  const std::vector<T> a = random_numbers<T>(m * k, 1), b = random_numbers<T>(k * n, 2);
  const std::vector<T> expected = product(m, n, k, a, b);
  std::vector<std::pair<Layout, Layout>> wrong;
  std::int64_t offset = (m + n + k) % 5;
  for (const Layout left : layouts) {
    for (const Layout right : layouts) {
      const Tensor c = matmul(matrix(a, m, k, left, offset), matrix(b, k, n, right, offset + 1));
      if (!same_bits(c, expected)) wrong.emplace_back(left, right);
    }
    ++offset;
  }
  CAPTURE(m, n, k);
  CHECK(wrong == std::vector<std::pair<Layout, Layout>>{});
}

/// On both sides of every number at which the way of computing changes: packets, tiles, blocks, panels.
const std::vector<std::array<std::int64_t, 3>> large_shapes = {
    {1, 256, 784}, {1, 10, 256},   {1, 1, 1000},   {1, 19, 77},   {77, 1, 131},   {1, 64, 1024},
    {1, 700, 5},   {700, 1, 300},  {2, 49, 300},   {3, 31, 513},  {5, 97, 64},    {8, 48, 256},
    {9, 47, 257},  {17, 128, 255}, {33, 96, 100},  {64, 10, 256}, {95, 24, 31},   {96, 240, 256},
    {97, 481, 9},  {100, 961, 3},  {193, 65, 512}, {40, 300, 77}, {300, 130, 50}, {130, 250, 260}};

}  // namespace

TEMPLATE_TEST_CASE(
    "a small product is that of plain loops, bit for bit, in every layout and with every instruction set", "", float,
    double, std::int64_t) {
  with_every_set([] {
    for (int m = 1; m <= 20; ++m)
      for (int n = 1; n <= 20; ++n)
        for (int k = 1; k <= 20; ++k) check_product<TestType>(m, n, k);
  });
}

TEMPLATE_TEST_CASE("so is a large product", "", float, double, std::int64_t) {
  with_every_set([] {
    for (const auto& [m, n, k] : large_shapes) check_product<TestType>(m, n, k);
  });
}

TEMPLATE_TEST_CASE("threads change no bit of a product", "", float, double) {
  for (const auto& [m, n, k] : {std::array<std::int64_t, 3>{260, 170, 130}, {20, 2000, 150}, {2000, 11, 250}}) {
    const std::vector<TestType> a = random_numbers<TestType>(m * k, 1), b = random_numbers<TestType>(k * n, 2);
    const std::vector<TestType> expected = product(m, n, k, a, b);
    for (int threads = 1; threads <= 3; ++threads) {
      ThreadPool pool(threads);
      const UseExecutor use(pool);
      for (const Layout left : layouts) {
        for (const Layout right : layouts) {
          CAPTURE(m, n, k, threads, left, right);
          CHECK(same_bits(matmul(matrix(a, m, k, left), matrix(b, k, n, right)), expected));
        }
      }
    }
  }
}

TEMPLATE_TEST_CASE("a layer's outputs start at its bias, and its gradients are products, too", "", float, double) {
  with_every_set([] {
    for (const auto& [rows, out, in] : {std::array<std::int64_t, 3>{4, 5, 3},
                                        {1, 70, 33},
                                        {33, 1, 40},
                                        {7, 10, 64},
                                        {97, 50, 300},
                                        {1, 1, 300},
                                        {30, 100, 17}}) {
      const std::vector<TestType> x = random_numbers<TestType>(rows * in, 1),
                                  weight = random_numbers<TestType>(in * out, 2),
                                  bias = random_numbers<TestType>(out, 3), g = random_numbers<TestType>(rows * out, 4);
      const std::vector<TestType> expected = product(rows, out, in, x, weight, bias);
      for (const Layout layout : layouts) {
        CAPTURE(rows, out, in, layout);
        const Tensor x_given = matrix(x, rows, in, layout).requires_grad_();
        const Tensor weight_given = matrix(weight, in, out, layout).t().requires_grad_();
        const Tensor bias_given = matrix(bias, 1, out, layout).select(0, 0).requires_grad_();
        const Tensor y = linear(x_given, weight_given, bias_given);
        CHECK(same_bits(y, expected));
        y.backward(matrix(g, rows, out, layout));
        // As matrices row by row: x [rows, in], weight [in, out], g [rows, out].
        const auto turned = [](const std::vector<TestType>& numbers, std::int64_t height, std::int64_t width) {
          std::vector<TestType> result(numbers.size());
          for (std::int64_t i = 0; i < height; ++i)
            for (std::int64_t j = 0; j < width; ++j)
              result[static_cast<std::size_t>(j * height + i)] = numbers[static_cast<std::size_t>(i * width + j)];
          return result;
        };
        CHECK(same_bits(x_given.grad().contiguous(), product(rows, in, out, g, turned(weight, in, out))));
        CHECK(same_bits(weight_given.grad().contiguous(), product(out, in, rows, turned(g, rows, out), x)));
      }
    }
  });
}

TEMPLATE_TEST_CASE("the error of a product stays within its bound", "", float, double) {
  with_every_set([] {
    for (const auto& [m, n, k] : large_shapes) {
      const std::vector<TestType> a = random_numbers<TestType>(m * k, 1), b = random_numbers<TestType>(k * n, 2);
      const Tensor c = matmul(matrix(a, m, k, Layout::rows), matrix(b, k, n, Layout::rows));
      const std::int64_t i = m / 2, j = n - 1;
      long double exact = 0, magnitude = 0;
      for (std::int64_t p = 0; p < k; ++p) {
        const long double product = static_cast<long double>(a[static_cast<std::size_t>(i * k + p)]) *
                                    static_cast<long double>(b[static_cast<std::size_t>(p * n + j)]);
        exact += product;
        magnitude += std::fabs(product);
      }
      CAPTURE(m, n, k);
      const auto error =
          std::fabs(static_cast<long double>(c.template data<TestType>()[static_cast<std::size_t>(i * n + j)]) - exact);
      CHECK(error <= static_cast<long double>(k) * std::numeric_limits<TestType>::epsilon() * magnitude);
    }
  });
}

TEMPLATE_TEST_CASE("NaN and infinity reach the elements they belong to, and no others", "", float, double) {
  constexpr TestType infinity = std::numeric_limits<TestType>::infinity();
  constexpr TestType nan = std::numeric_limits<TestType>::quiet_NaN();
  with_every_set([] {
    for (const auto& [m, n, k] :
         {std::array<std::int64_t, 3>{3, 3, 3}, {1, 20, 40}, {20, 1, 40}, {10, 10, 30}, {13, 51, 270}}) {
      for (const Layout layout : layouts) {
        CAPTURE(m, n, k, layout);
        std::vector<TestType> a(static_cast<std::size_t>(m * k), 1), b(static_cast<std::size_t>(k * n), 1);
        a[static_cast<std::size_t>((m - 1) * k + k / 2)] = nan;       // the last row
        b[static_cast<std::size_t>((k - 1) * n + n - 1)] = infinity;  // the last column
        const Tensor c = matmul(matrix(a, m, k, layout), matrix(b, k, n, layout));
        bool right = true;
        for (std::int64_t i = 0; i < m; ++i) {
          for (std::int64_t j = 0; j < n; ++j) {
            const TestType element = c.template data<TestType>()[static_cast<std::size_t>(i * n + j)];
            if (i == m - 1)
              right &= std::isnan(element);
            else
              right &= element == (j == n - 1 ? infinity : static_cast<TestType>(k));
          }
        }
        CHECK(right);
        a.back() = 0;  // 0 times infinity
        CHECK(std::isnan(matmul(matrix(a, m, k, layout), matrix(b, k, n, layout)).template data<TestType>().back()));
      }
    }
  });
}

TEMPLATE_TEST_CASE("a product over nothing is 0, or the bias, and products may be empty", "", float, double,
                   std::int64_t) {
  const TensorOptions options{.dtype = dtype_of<TestType>};
  CHECK(same_bits(matmul(empty({2, 0}, options), empty({0, 3}, options)), std::vector<TestType>(6, 0)));
  CHECK(matmul(empty({0, 4}, options), empty({4, 3}, options)).shape() == Shape{0, 3});
  CHECK(matmul(empty({2, 4}, options), empty({4, 0}, options)).shape() == Shape{2, 0});
  CHECK(matmul(empty({0, 2, 4}, options), empty({0, 4, 3}, options)).shape() == Shape{0, 2, 3});
  if constexpr (!std::is_integral_v<TestType>) {
    const Tensor bias = tensor<TestType>({1, 2, 3});
    CHECK(same_bits(linear(empty({2, 0}, options), empty({3, 0}, options), bias),
                    std::vector<TestType>{1, 2, 3, 1, 2, 3}));
  }
}
