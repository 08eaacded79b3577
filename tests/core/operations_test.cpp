// Every differentiable operation, from one table (operation_cases.h): its gradient against finite differences in
// float64 on every device, on contiguous, strided, broadcast, empty and scalar inputs, and its value on every
// instruction set the machine has. How devices compare with the CPU: operations_on_devices_test.cpp.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <cairn/core.h>

#include "catch.h"
#include "devices.h"
#include "instruction_sets.h"
#include "message_of.h"
#include "operation_cases.h"

using namespace cairn;

namespace {

/// A fixed, uneven weighting, so that every element of the result counts differently.
Tensor weighted_sum(const Tensor& y) {
  const Tensor weights = rand(y.shape(), {.dtype = y.dtype()}, Generator(11)) + 0.5;
  return sum(y * weights.to(y.device()));
}

double at(const Tensor& tensor, std::int64_t i) { return tensor.detach().contiguous().view({-1})[i].item(); }

}  // namespace

TEST_CASE("the gradient of every operation is its finite difference, on every device", "[device]") {
  const Layout layout = GENERATE(Layout::rows, Layout::spread);
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  for (const Case& test : small_cases()) {
    CAPTURE(test.name, name(layout), device);
    const std::vector<Tensor> inputs = inputs_of(test, layout, DType::float64, device);
    weighted_sum(test.compute(inputs)).backward();
    for (const Tensor& input : inputs) {
      if (input.numel() == 0) continue;
      REQUIRE(input.grad().defined());
      CHECK(input.grad().shape() == input.shape());
      CHECK(input.grad().device() == device);
      const std::vector<double> slopes = numbers<double>(input.grad()), values = numbers<double>(input);
      for (std::int64_t i = 0; i < input.numel(); ++i) {
        const NoGrad no_grad;
        const Tensor flat = input.detach();
        Tensor element = flat;
        std::int64_t rest = i;
        Shape index = input.shape();
        for (int d = input.dim() - 1; d >= 0; --d) index[d] = rest % input.shape()[d], rest /= input.shape()[d];
        for (int d = 0; d < input.dim(); ++d) element = element.select(0, index[d]);
        const double step = 1e-6, value = values[static_cast<std::size_t>(i)];
        element.fill_(value + step);
        const double above = weighted_sum(test.compute(inputs)).item();
        element.fill_(value - step);
        const double below = weighted_sum(test.compute(inputs)).item();
        element.fill_(value);
        CHECK(slopes[static_cast<std::size_t>(i)] == Approx((above - below) / (2 * step)).margin(1e-7).epsilon(1e-6));
      }
    }
  }
}

TEST_CASE("an input alone that requires a gradient gets the same one as among others") {
  for (const Case& test : small_cases()) {
    const std::vector<Tensor> all = inputs_of(test, Layout::rows);
    weighted_sum(test.compute(all)).backward();
    for (std::size_t i = 0; i < all.size() && all.size() > 1; ++i) {
      CAPTURE(test.name, i);
      std::vector<Tensor> inputs = inputs_of(test, Layout::rows);
      for (std::size_t other = 0; other < inputs.size(); ++other)
        if (other != i) inputs[other] = inputs[other].detach();
      weighted_sum(test.compute(inputs)).backward();
      REQUIRE(inputs[i].grad().defined());
      CHECK(numbers<double>(inputs[i].grad()) == numbers<double>(all[i].grad()));
    }
  }
}

TEST_CASE("strides change no bit of a value or a gradient, in float32 and on every instruction set") {
  on_every_instruction_set([&] {
    for (const Case& test : small_cases()) {
      CAPTURE(test.name);
      std::vector<Tensor> rows = inputs_of(test, Layout::rows), spread = inputs_of(test, Layout::spread);
      Tensor results[2], gradients[2];
      int i = 0;
      for (std::vector<Tensor>* inputs : {&rows, &spread}) {
        const Tensor y = test.compute(*inputs);
        weighted_sum(y).backward();
        results[i] = y.detach().contiguous();
        gradients[i++] = (*inputs)[0].grad().contiguous();
      }
      const auto equal = [](const Tensor& a, const Tensor& b) {
        const auto x = a.data<double>(), y = b.data<double>();
        return a.shape() == b.shape() && std::equal(x.begin(), x.end(), y.begin());
      };
      CHECK(equal(results[0], results[1]));
      CHECK(equal(gradients[0], gradients[1]));
    }
  });
}

TEST_CASE("float32 results agree with float64 on every instruction set") {
  on_every_instruction_set([&] {
    for (const Case& test : small_cases()) {
      CAPTURE(test.name);
      const NoGrad no_grad;
      const std::vector<Tensor> wide = inputs_of(test, Layout::rows),
                                narrow = inputs_of(test, Layout::rows, DType::float32);
      const Tensor expected = test.compute(wide), found = test.compute(narrow).to(DType::float64);
      for (std::int64_t i = 0; i < expected.numel(); ++i)
        CHECK(at(found, i) == Approx(at(expected, i)).margin(2e-6).epsilon(1e-5));
    }
  });
}

TEMPLATE_TEST_CASE("functions are right at zero, infinity and the smallest numbers on every instruction set", "", float,
                   double) {
  constexpr TestType infinity = std::numeric_limits<TestType>::infinity(), none = 0;
  constexpr TestType smallest = std::numeric_limits<TestType>::denorm_min();
  const auto found = [](Tensor (*function)(const Tensor&), TestType x) { return function(tensor({x})).item(); };
  on_every_instruction_set([&] {
    CHECK(found(sqrt, infinity) == infinity);
    for (const TestType x : {smallest, std::numeric_limits<TestType>::min(), TestType(2), TestType(15.2273),
                             std::numeric_limits<TestType>::max()})
      CHECK(found(sqrt, x) == std::sqrt(x));
    CHECK(std::signbit(found(sqrt, -none)));
    CHECK(std::signbit(found(neg, none)));
    CHECK_FALSE(std::signbit(found(neg, -none)));
    CHECK(found(exp, -infinity) == 0);
    CHECK(found(exp, infinity) == infinity);
    CHECK(found(sigmoid, -infinity) == 0);
    CHECK(found(sigmoid, infinity) == 1);
    CHECK(found(log, none) == -infinity);
    CHECK(found(log, infinity) == infinity);
    for (Tensor (*function)(const Tensor&) : {exp, log, sqrt, relu, sigmoid})
      CHECK(std::isnan(found(function, std::numeric_limits<TestType>::quiet_NaN())));
  });
}

TEST_CASE("relu lets the gradient through where its input is NaN, as PyTorch does", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = tensor({-1.0f, 0.0f, 1.0f, std::numeric_limits<float>::quiet_NaN()}).to(device).requires_grad_();
  relu(x).sum().backward();
  CHECK(to_string(x.grad().to("cpu")) == "tensor([0., 0., 1., 1.])");
}

TEST_CASE("relu stops an infinite gradient where it is off, as PyTorch does", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = tensor({-1.0f, 0.0f, 4.0f}).to(device).requires_grad_();
  sqrt(relu(x)).sum().backward();
  CHECK(to_string(x.grad().to("cpu")) == "tensor([0.0000, 0.0000, 0.2500])");
}

TEST_CASE("every operation has the CPU's shape on meta") {
  const NoGrad no_grad;
  for (const Case& test : small_cases()) {
    CAPTURE(test.name);
    std::vector<Tensor> here = inputs_of(test, Layout::rows), nowhere;
    for (const Tensor& input : here)
      nowhere.push_back(empty(input.shape(), {.dtype = input.dtype(), .device = "meta"}));
    CHECK(test.compute(nowhere).shape() == test.compute(here).shape());
  }
}

TEST_CASE("large tensors give the same bits with one thread and with two") {
  const Generator generator(3);
  const Tensor a = rand({300, 700}, {}, generator), b = rand({700, 410}, {}, generator),
               x = rand({200000}, {}, generator);
  const auto run = [&] {
    std::vector<Tensor> results = {matmul(a, b),
                                   exp(x),
                                   sum(x),
                                   sum(a, {0}),
                                   sum(a, {1}),
                                   a + a.select(0, 1),
                                   softmax(a, 1),
                                   log_softmax(a, 0),
                                   batch_norm(a, {}, {}, {}, {}, true, 0.1, 1e-5)};
    return results;
  };
  const std::vector<Tensor> one = run();
  ThreadPool pool(2);
  const UseExecutor use(pool);
  const std::vector<Tensor> two = run();
  for (std::size_t i = 0; i < one.size(); ++i) {
    CAPTURE(i);
    CHECK(std::equal(one[i].data<float>().begin(), one[i].data<float>().end(), two[i].data<float>().begin()));
  }
}

TEST_CASE("wrong operands get PyTorch's texts") {
  const Tensor a = zeros({3}), b = zeros({4});
  CHECK(message_of([&] { a + b; }) ==
        "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 0");
  CHECK(message_of([&] {
          linear(zeros({4, 7}), zeros({5, 3}), zeros({5}));
        }) == "addmm: mat1 and mat2 shapes cannot be multiplied (4x7 and 3x5)");
  CHECK(message_of([&] {
          matmul(zeros({2, 3}), zeros({2, 3}));
        }) == "mm: mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)");
  CHECK(message_of([&] { cross_entropy(zeros({1, 3}), tensor<std::int64_t>({5})); }) == "Target 5 is out of bounds.");
  CHECK(message_of([&] { zeros({2, 3}).view({4}); }) == "shape '[4]' is invalid for input of size 6");
  CHECK(message_of([&] { zeros({2, 3}).view({-1, -1}); }) == "only one dimension can be inferred");
  CHECK(message_of([&] {
          sum(zeros({2, 3}), {5});
        }) == "Dimension out of range (expected to be in range of [-2, 1], but got 5)");
  CHECK(message_of([&] {
          batch_norm(zeros({1, 3}), {}, {}, {}, {}, true, 0.1, 1e-5);
        }) == "Expected more than 1 value per channel when training, got input size torch.Size([1, 3])");
  CHECK(message_of([&] {
          batch_norm(zeros({2, 4}), zeros({3}), zeros({3}), {}, {}, true, 0.1, 1e-5);
        }) == "running_mean should contain 4 elements not 3");
}

TEST_CASE("operands on two devices are refused with PyTorch's text, but for a number on the CPU", "[device]") {
  for (const Device device : devices()) {
    const Tensor there = ones({3}, {.device = device});
    CHECK(message_of([&] { there + zeros({3}); }) ==
          text("Expected all tensors to be on the same device, but found at least two devices, ", device, " and cpu!"));
    CHECK(numbers<float>(there + scalar_tensor(2.0)) == std::vector<float>{3, 3, 3});
    CHECK((scalar_tensor(2.0) * there).device() == device);
    CHECK_THROWS_AS(there.add_(zeros({3})), DeviceError);
    CHECK_THROWS_AS(matmul(there, ones({3}, {.device = another_device(device)})), DeviceError);
    CHECK_THROWS_AS(cross_entropy(ones({1, 3}, {.device = device}), zeros({1}, {.dtype = DType::int64})), DeviceError);
  }
}

TEST_CASE("dtypes promote as PyTorch's do", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor whole = tensor<std::int64_t>({1, 2, 3}).to(device),
               half = zeros({3}, {.dtype = DType::float64, .device = device}), one = ones({1}, {.device = device});
  CHECK((whole + tensor({0.5f, 0.5f, 0.5f}).to(device)).dtype() == DType::float32);
  CHECK((whole / whole).dtype() == DType::float32);
  CHECK((whole * 2).dtype() == DType::int64);
  CHECK((whole * 0.5).dtype() == DType::float32);
  CHECK((half * 0.5).dtype() == DType::float64);
  CHECK((one + scalar_tensor(1.0, {.dtype = DType::float64})).dtype() == DType::float32);
  CHECK(sum(zeros({3}, {.dtype = DType::boolean, .device = device})).dtype() == DType::int64);
  CHECK(exp(whole).dtype() == DType::float32);
  CHECK(argmax(tensor({1.0f, 5.0f, 5.0f}).to(device), 0).item_int64() == 1);
}

TEST_CASE("operands whose memory a kernel would misread are refused") {
  const Tensor x = arange(6, {.dtype = DType::float64}).view({3, 2});
  const Tensor narrow = ones({2}), wide = ones({2}, {.dtype = DType::float64});
  CHECK_THROWS_AS(batch_norm(x, narrow, narrow, {}, {}, true, 0.1, 1e-5), DTypeError);
  CHECK_THROWS_AS(batch_norm(x, wide, wide, narrow, {}, false, 0.1, 1e-5), DTypeError);
  CHECK_THROWS_AS(batch_norm(x, {}, {}, wide.view({1, 2}), {}, true, 0.1, 1e-5), ShapeError);
  CHECK_THROWS_AS(cross_entropy(x, tensor<std::int64_t>({0, 1, 1}), {.weight = narrow}), DTypeError);
}

TEST_CASE("an in-place operation reads its operand as it was", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor square = arange(64 * 64, {.dtype = DType::float32, .device = device}).view({64, 64}),
               expected = square + square.t();
  square.add_(square.t());
  CHECK(abs(square - expected).sum().item() == 0);
  const Tensor row = tensor({2.0f, 3.0f, 4.0f}).to(device);
  row.mul_(row.narrow(0, 0, 1));
  CHECK(numbers<float>(row) == std::vector<float>{4, 6, 8});
}
