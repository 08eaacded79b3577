// softmax and log_softmax at the ends of their range, and what they refuse. Gradients, layouts, devices and the like:
// operation_cases.h. The expected numbers are PyTorch's.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <cairn/core.h>

#include "catch.h"
#include "devices.h"
#include "instruction_sets.h"
#include "message_of.h"

using namespace cairn;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity(), none = std::numeric_limits<double>::quiet_NaN();

/// Calls check(device) on every device, and on the CPU with every instruction set the machine has.
template <class F>
void everywhere_and_on_every_set(F&& check) {
  for (const Device device : everywhere()) {
    CAPTURE(device);
    check(device);
  }
  on_every_instruction_set([&] { check(Device()); });
}

void check_numbers(const Tensor& found, const std::vector<double>& expected, double epsilon) {
  const std::vector<double> values = numbers<double>(found.to(DType::float64));
  REQUIRE(values.size() == expected.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    CAPTURE(i);
    if (std::isnan(expected[i]))
      CHECK(std::isnan(values[i]));
    else
      CHECK(values[i] == Approx(expected[i]).epsilon(epsilon));
  }
}

}  // namespace

TEMPLATE_TEST_CASE("softmax and its logarithm are PyTorch's numbers, on every device", "[device]", float, double) {
  const double epsilon = 8 * std::numeric_limits<TestType>::epsilon();
  everywhere_and_on_every_set([&](Device device) {
    const Tensor x = tensor<TestType>({1, 2, 3, -1, 0, 4}).view({2, 3}).to(device);
    check_numbers(softmax(x, 1),
                  {0.09003057317038045, 0.2447284710547976, 0.6652409557748218, 0.006573263185309083,
                   0.0178679818703045, 0.9755587549443865},
                  epsilon);
    check_numbers(log_softmax(x, 0),
                  {-0.1269280110429726, -0.1269280110429726, -1.3132616875182228, -2.1269280110429727,
                   -2.1269280110429727, -0.31326168751822286},
                  epsilon);
    CHECK(softmax(tensor<TestType>({7}).to(device)[0], 0).item() == 1);
    CHECK(log_softmax(tensor<TestType>({7}).to(device)[0], -1).item() == 0);
  });
}

TEMPLATE_TEST_CASE("softmax neither overflows nor loses what its logarithm says", "[device]", float, double) {
  everywhere_and_on_every_set([](Device device) {
    const TestType huge = std::numeric_limits<TestType>::max();
    const Tensor x = tensor<TestType>({huge, huge, 1000, 0, -huge, -huge}).view({3, 2}).to(device);
    check_numbers(softmax(x, 1), {0.5, 0.5, 1, 0, 0.5, 0.5}, 1e-6);
    check_numbers(log_softmax(x, 1), {-std::log(2.0), -std::log(2.0), 0, -1000, -std::log(2.0), -std::log(2.0)}, 1e-6);
  });
}

TEMPLATE_TEST_CASE("a row is NaN throughout with a NaN, +infinity or nothing but -infinity in it, as PyTorch's",
                   "[device]", float, double) {
  // Rows of every length around a packet, the odd number in every place.
  everywhere_and_on_every_set([](Device device) {
    for (const std::int64_t length : {1, 2, 7, 8, 15, 16, 17, 31, 33, 40}) {
      for (const std::int64_t place : {std::int64_t{0}, length / 2, length - 1}) {
        CAPTURE(length, place);
        const Tensor x = zeros({4, length}, {.dtype = dtype_of<TestType>});
        x.select(0, 0).fill_(-infinity);
        x[1][place].fill_(none);
        x[2][place].fill_(infinity);
        x[3][place].fill_(-infinity);
        for (const Tensor& rows : {x, x.t().contiguous().t()}) {
          for (const bool log : {false, true}) {
            const Tensor y = log ? log_softmax(rows.to(device), 1) : softmax(rows.to(device), 1);
            check_numbers(y.narrow(0, 0, 3), std::vector<double>(static_cast<std::size_t>(3 * length), none), 0);
            // Without the one that is -infinity all have the same probability.
            const double others = static_cast<double>(length - 1), nothing = log ? -infinity : 0.0;
            std::vector<double> expected(static_cast<std::size_t>(length), log ? -std::log(others) : 1 / others);
            expected[static_cast<std::size_t>(place)] = length == 1 ? none : nothing;
            check_numbers(y[3], expected, 1e-6);
          }
        }
      }
    }
  });
}

TEST_CASE("where the probability is 0 the gradient is PyTorch's", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor weights = tensor({1.0, 2.0, 3.0}).to(device);
  const auto gradient_of = [&](Tensor (*function)(const Tensor&, int)) {
    const Tensor x = tensor({0.0, 0.0, -infinity}).to(device).requires_grad_();
    function(x, 0).backward(weights);
    return x.grad();
  };
  check_numbers(gradient_of(softmax), {-0.25, 0.25, 0}, 1e-15);
  check_numbers(gradient_of(log_softmax), {-2, -1, 3}, 1e-15);
}

TEST_CASE("the result is contiguous, and softmax of a view is that of its numbers", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = rand({4, 3, 5}, {}, Generator(1)).to(device), view = x.permute(Shape{2, 0, 1});
  for (int dim = 0; dim < 3; ++dim) {
    for (Tensor (*function)(const Tensor&, int) : {softmax, log_softmax}) {
      const Tensor y = function(view, dim);
      CHECK(y.is_contiguous());
      CHECK(numbers<float>(y) == numbers<float>(function(view.contiguous(), dim)));
      CHECK(numbers<float>(y) == numbers<float>(function(x, (dim + 2) % 3).permute(Shape{2, 0, 1})));
    }
  }
}

TEST_CASE("the nodes of softmax have PyTorch's names, and notice that their result was overwritten") {
  const Tensor x = rand({2, 3}).requires_grad_();
  CHECK_THAT(to_string(softmax(x, 1)), Catch::Matchers::Contains("grad_fn=<SoftmaxBackward0>"));
  CHECK_THAT(to_string(log_softmax(x, 1)), Catch::Matchers::Contains("grad_fn=<LogSoftmaxBackward0>"));
  const Tensor y = softmax(x, 1);
  y.mul_(2);
  CHECK_THROWS_AS(y.sum().backward(), AutogradError);
}

TEST_CASE("softmax refuses what PyTorch refuses, with its texts", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor whole = zeros({2, 3}, {.dtype = DType::int64, .device = device}), x = zeros({2, 3}, {.device = device});
  using Catch::Matchers::StartsWith;
  CHECK_THAT(message_of([&] { softmax(whole, 1); }),
             StartsWith("\"softmax_lastdim_kernel_impl\" not implemented for 'Long'"));
  CHECK_THAT(message_of([&] { softmax(whole, 0); }), StartsWith("\"softmax_kernel_impl\" not implemented for 'Long'"));
  CHECK_THAT(message_of([&] { log_softmax(whole, -1); }),
             StartsWith("\"log_softmax_lastdim_kernel_impl\" not implemented for 'Long'"));
  CHECK_THAT(message_of([&] { log_softmax(whole.to(DType::boolean), 0); }),
             StartsWith("\"log_softmax_kernel_impl\" not implemented for 'Bool'"));
  CHECK_THAT(message_of([&] { softmax(whole[0][0], 0); }),
             StartsWith("\"softmax_lastdim_kernel_impl\" not implemented for 'Long'"));
  CHECK_THROWS_AS(softmax(whole, 0), DTypeError);
  CHECK(message_of([&] { softmax(x, 2); }) == "Dimension out of range (expected to be in range of [-2, 1], but got 2)");
  CHECK_THROWS_AS(log_softmax(x[0][0], 1), IndexError);
}

TEST_CASE("no numbers have a softmax of every dtype, as in PyTorch", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  for (const DType dtype : {DType::float32, DType::float16, DType::int64, DType::boolean}) {
    const Tensor y = softmax(zeros({3, 0}, {.dtype = dtype, .device = device}), 0);
    CHECK(y.shape() == Shape{3, 0});
    CHECK(y.dtype() == dtype);
  }
}
