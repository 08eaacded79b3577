// An element's value depends on the operands' values, their shapes and the instruction set: never on addresses,
// strides, positions or the number of threads. Every operation of the table (operation_cases.h), its values and its
// gradients, bit for bit, on every instruction set the machine has. (That no kernel asks for the sizes of caches is
// seen in the symbols: tests/architecture/kernels.py.)
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <cairn/core.h>

#include "catch.h"
#include "instruction_sets.h"
#include "operation_cases.h"

using namespace cairn;

namespace {

std::string bytes_of(const Tensor& tensor) {
  const Tensor rows = tensor.detach().contiguous();
  return {static_cast<const char*>(rows.raw_data()), static_cast<std::size_t>(rows.nbytes())};
}

/// The value and the gradients of a case, as bytes.
std::vector<std::string> outcome(const Case& test, const std::vector<Tensor>& inputs) {
  std::vector<std::string> bytes;
  const Tensor y = test.compute(inputs);
  bytes.push_back(bytes_of(y));
  if (!y.requires_grad()) return bytes;
  y.backward((rand(y.shape(), {.dtype = DType::float64}, Generator(11)) + 0.5).to(y.dtype()));
  for (const Tensor& input : inputs)
    if (input.grad().defined()) bytes.push_back(bytes_of(input.grad()));
  return bytes;
}

/// The same numbers, beginning `offset` elements into a larger tensor.
Tensor shifted(const Tensor& numbers, std::int64_t offset) {
  const NoGrad no_grad;
  const Tensor room = zeros({numbers.numel() + offset}, {.dtype = numbers.dtype()});
  const Tensor view = room.narrow(0, offset, numbers.numel()).view(numbers.shape());
  view.copy_(numbers.detach());
  return view.detach().requires_grad_(numbers.requires_grad());
}

std::vector<Tensor> shifted(const std::vector<Tensor>& inputs, std::int64_t offset) {
  std::vector<Tensor> moved;
  for (const Tensor& input : inputs) moved.push_back(shifted(input, offset));
  return moved;
}

template <class F>
void for_every_case(F&& f) {
  for (const std::vector<Case>* table : {&small_cases(), &awkward_cases()})
    for (const Case& test : *table)
      for (const DType dtype : {DType::float32, DType::bfloat16}) {
        CAPTURE(test.name, name(dtype));
        f(test, dtype);
      }
}

}  // namespace

TEST_CASE("where numbers lie changes no bit of any operation or gradient") {
  on_every_instruction_set([] {
    for_every_case([](const Case& test, DType dtype) {
      const std::vector<std::string> expected = outcome(test, inputs_of(test, Layout::rows, dtype));
      for (const std::int64_t offset : {1, 3, 13}) {
        CAPTURE(offset);
        CHECK((outcome(test, shifted(inputs_of(test, Layout::rows, dtype), offset)) == expected));
      }
      INFO("spread");
      CHECK((outcome(test, inputs_of(test, Layout::spread, dtype)) == expected));
    });
  });
}

TEST_CASE("the number of threads changes no bit of any operation or gradient") {
  ThreadPool two(2), three(3);
  on_every_instruction_set([&] {
    for_every_case([&](const Case& test, DType dtype) {
      const std::vector<std::string> expected = outcome(test, inputs_of(test, Layout::rows, dtype));
      for (ThreadPool* pool : {&two, &three}) {
        const UseExecutor use(*pool);
        CAPTURE(pool->concurrency());
        CHECK((outcome(test, inputs_of(test, Layout::rows, dtype)) == expected));
      }
    });
  });
}

TEST_CASE("equal rows give equal results, whatever their places") {
  on_every_instruction_set([] {
    const Tensor row = rand({1, 37}, {}, Generator(3)) * 4 - 2, weight = rand({19, 37}, {}, Generator(4));
    for (const std::int64_t count : {2, 3, 5, 8, 13, 97, 131}) {
      CAPTURE(count);
      const Tensor rows = row.expand({count, 37}).contiguous();
      const auto same_in_every_row = [&](const Tensor& y) {
        for (std::int64_t i = 1; i < count; ++i)
          if (bytes_of(y[i]) != bytes_of(y[0])) return false;
        return true;
      };
      CHECK(same_in_every_row(matmul(rows, weight.t())));
      CHECK(same_in_every_row(matmul(weight, rows.t()).t()));
      CHECK(same_in_every_row(linear(rows, weight)));
      CHECK(same_in_every_row(softmax(rows, 1)));
      CHECK(same_in_every_row(log_softmax(rows, 1)));
      CHECK(same_in_every_row(softmax(rows.t(), 0).t()));
      CHECK(same_in_every_row(sum(rows, {1}, true)));
      CHECK(same_in_every_row(sum(rows.t().contiguous(), {0}).view({count, 1})));
      CHECK(same_in_every_row(var(rows, {1}, 1, true)));
      CHECK(same_in_every_row(sigmoid(rows)));
      CHECK(same_in_every_row(pow(rows, 2.5)));
    }
  });
}

TEST_CASE("of zeros of both signs the first is the extreme, however they lie") {
  on_every_instruction_set([] {
    const Tensor rows = full({2, 40}, -1.0);
    rows.select(1, 3).fill_(-0.0);
    rows.select(1, 16).fill_(0.0);
    for (const Tensor& x : {rows, rows.t().contiguous().t()}) {
      CHECK(std::signbit(amax(x, {1})[0].item()));
      CHECK(std::signbit(amax(x.slice(1, 0, 40, 1), {1})[1].item()));
      CHECK_FALSE(std::signbit(amin(-x, {1})[0].item()));
    }
  });
}

TEST_CASE("equal numbers give equal results, wherever they stand in a tensor of any length") {
  on_every_instruction_set([] {
    for (Tensor (*function)(const Tensor&) : {neg, abs, exp, log, sqrt, rsqrt, tanh, sigmoid, erf, relu}) {
      for (const double number : {0.7, 1e-3, 3.25, 88.0}) {
        const std::string expected = bytes_of(function(full({1}, number)));
        for (const std::int64_t length : {1, 2, 7, 15, 16, 17, 31, 33, 70}) {
          const Tensor y = function(full({length}, number));
          for (std::int64_t i = 0; i < length; ++i) CHECK((bytes_of(y[i]) == expected));
        }
      }
    }
  });
}
