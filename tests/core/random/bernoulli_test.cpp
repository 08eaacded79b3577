// Ones with a probability, and dropout, number by number PyTorch 2.15's.
#include <cmath>
#include <limits>
#include <vector>

#include <cairn/core/autograd.h>
#include <cairn/core/backend.h>
#include <cairn/core/error.h>
#include <cairn/core/ops.h>
#include <cairn/core/random.h>

#include "catch.h"
#include "devices.h"
#include "fingerprint.h"
#include "message_of.h"

using namespace cairn;

namespace {

constexpr DType real_dtypes[] = {DType::float32, DType::float64, DType::float16, DType::bfloat16};

/// Hundredths, in disorder.
Tensor probabilities(const Shape& shape, DType dtype) {
  const Tensor p = zeros(shape, {.dtype = DType::float64});
  const std::span<double> numbers = p.data<double>();
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<double>(i * 37 % 101) / 100;
  return p.to(dtype);
}

/// Sixteenths from -50 to 50.
Tensor input(DType dtype) {
  const Tensor x = zeros({101}, {.dtype = DType::float64});
  for (int i = 0; i < 101; ++i) x.data<double>()[static_cast<std::size_t>(i)] = (i - 50) / 16.0;
  return x.to(dtype);
}

}  // namespace

TEST_CASE("bernoulli_ draws PyTorch's numbers in every dtype, of one p and of many") {
  struct Row {
    DType dtype;
    std::uint64_t one, of_floats, of_doubles;
  };
  // clang-format off
  constexpr Row rows[] = {
    {DType::boolean, 0x986673c0bdbbf7a3, 0xc48b00de9fff59a5, 0xb48df8d0d30bf16e},
    {DType::uint8, 0x986673c0bdbbf7a3, 0xc48b00de9fff59a5, 0xb48df8d0d30bf16e},
    {DType::int8, 0x986673c0bdbbf7a3, 0xc48b00de9fff59a5, 0xb48df8d0d30bf16e},
    {DType::int16, 0x1dcd675cee187a43, 0x08dec1739e3bd925, 0xd5aabd1803b9fc5e},
    {DType::int32, 0x4b46c5f9b71aae13, 0xdef38de5204d33c5, 0xd0cb5467cd38f94e},
    {DType::int64, 0x538a3cc665eb5193, 0xd25eb2ec66816085, 0x5025e223933b644e},
    {DType::float32, 0x8db929bdcc448bfb, 0x06648c4dc4b0be09, 0x2c52bbd2e05a3ee2},
    {DType::float64, 0xe84598a5c6973f7b, 0xdeff03bad66ddba9, 0xa9eb21dc5a2fa482},
    {DType::float16, 0xe5df16854fc1a233, 0xdff6fe6aefae67a1, 0x974f54cd06ed9d27},
    {DType::bfloat16, 0x44a2fefd735d46fb, 0x78fe24b18872e779, 0x8c36d38e642d3e2a},
  };
  // clang-format on
  for (const Row& row : rows) {
    CAPTURE(row.dtype);
    const auto drawn = [&](const auto& p) {
      return fingerprint(
          [&](const Generator& generator) { return bernoulli_(zeros({1000}, {.dtype = row.dtype}), p, generator); });
    };
    CHECK(drawn(0.3) == row.one);
    CHECK(drawn(probabilities({1000}, DType::float32)) == row.of_floats);
    CHECK(drawn(probabilities({1000}, DType::float64)) == row.of_doubles);
  }
}

TEST_CASE("bernoulli draws from probabilities of every floating-point dtype") {
  constexpr std::uint64_t expected[] = {0x06648c4dc4b0be09, 0xa9eb21dc5a2fa482, 0xdff6fe6aefae67a1, 0x7c776b31b1b1f809};
  for (int i = 0; i < 4; ++i) {
    CAPTURE(real_dtypes[i]);
    CHECK(fingerprint([&](const Generator& generator) {
            return bernoulli(probabilities({1000}, real_dtypes[i]), generator);
          }) == expected[i]);
  }
}

TEST_CASE("A probability of 0 gives zeros, of 1 ones; one between is not rounded") {
  constexpr std::uint64_t expected[] = {0xeb789b2e52ea6d56, 0x525d7c20cc0bc036, 0xa68075590f672a1e, 0x525d7c20cc0bc036};
  constexpr double p[] = {0, 1, 1.0 / 3, 1 - 0x1p-53};
  for (int i = 0; i < 4; ++i) {
    CAPTURE(p[i]);
    CHECK(fingerprint([&](const Generator& generator) { return bernoulli_(zeros({100}), p[i], generator); }) ==
          expected[i]);
  }
  CHECK(numbers<float>(bernoulli_(zeros({100}), 0)) == std::vector<float>(100, 0.0f));
  CHECK(numbers<float>(bernoulli_(zeros({100}), 1)) == std::vector<float>(100, 1.0f));
  CHECK(numbers<float>(bernoulli(ones({100}))) == std::vector<float>(100, 1.0f));
}

TEST_CASE("bernoulli_ goes through any layout in PyTorch's order, and probabilities broadcast") {
  constexpr std::uint64_t one[] = {0x848a3a9419817372, 0xaee833b89391fb73, 0x70b225ef368361ce};
  constexpr std::uint64_t many[] = {0xb1e86b1eb37397e6, 0xc92d068fcbbebeff, 0x0f2de0ce36f2239b};
  for (const Layout layout : {Layout::transposed, Layout::every_other, Layout::rotated}) {
    CAPTURE(static_cast<int>(layout));
    const auto of_one = [&](const Generator& generator) {
      return bernoulli_(zeros_in(layout, DType::float32), 0.3, generator);
    };
    const auto of_many = [&](const Generator& generator) {
      const Tensor tensor = zeros_in(layout, DType::float32);
      return bernoulli_(tensor, probabilities(tensor.shape(), DType::float32), generator);
    };
    CHECK(fingerprint(of_one) == one[static_cast<int>(layout)]);
    CHECK(fingerprint(of_many) == many[static_cast<int>(layout)]);
  }
  CHECK(fingerprint([](const Generator& generator) {
          return bernoulli_(zeros({6, 4}), probabilities({4}, DType::float32), generator);
        }) == 0x569e84bb26cc5373u);
}

TEST_CASE("What is no probability is refused with PyTorch's text, and draws nothing") {
  const Generator generator(1);
  const auto message = [&](double p) { return message_of([&] { bernoulli_(zeros({3}), p, generator); }); };
  CHECK(message(1.5) == "bernoulli_ expects p to be in [0, 1], but got p=1.5");
  CHECK(message(-0.1) == "bernoulli_ expects p to be in [0, 1], but got p=-0.1");
  CHECK(message(std::numeric_limits<double>::quiet_NaN()) == "bernoulli_ expects p to be in [0, 1], but got p=nan");
  for (const float p : {1.5f, -0.5f, std::numeric_limits<float>::quiet_NaN()}) {
    CHECK(message_of([&] {
            bernoulli(tensor({0.5f, p}), generator);
          }) ==
          "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be improved?  If so, "
          "please report an enhancement request to PyTorch.)");
  }
  CHECK(message_of([] {
          bernoulli(tensor<std::int64_t>({1, 0}));
        }) == "\"bernoulli_tensor_cpu_p_\" not implemented for 'Long'");
  CHECK(message_of([] { bernoulli_(zeros({3}, {.dtype = DType::complex64})); }) ==
        "\"bernoulli_scalar_cpu_\" not implemented for 'ComplexFloat'");
  CHECK_THROWS_AS(bernoulli_(zeros({3}), zeros({2})), ShapeError);
  CHECK(hashed(generator.get_state()) == hashed(Generator(1).get_state()));
}

TEST_CASE("Nothing flows back through a draw") {
  Tensor p = full({3}, 0.5);
  p.requires_grad_();
  const Tensor drawn = bernoulli(p);
  CHECK(grad_fn_name(*drawn.grad_fn()) == "BernoulliBackward0");
  drawn.sum().backward();
  CHECK(numbers<float>(p.grad()) == std::vector<float>(3, 0.0f));
}

TEST_CASE("dropout leaves the numbers that PyTorch's leaves") {
  struct Row {
    DType dtype;
    std::uint64_t expected[2];
  };
  constexpr Row rows[] = {{DType::float32, {0x3e2ec79eab000116, 0x939748efa327e9a3}},
                          {DType::float64, {0x8a9b66986fbdcfd8, 0xce81cc0188155b3f}},
                          {DType::float16, {0x950d1da39161863c, 0xefe76e4afdbd890d}},
                          {DType::bfloat16, {0xed1633a700c8a346, 0xe3488a613544a674}}};
  for (const Row& row : rows) {
    if (!backend(Device()).supports(Operation::mul, row.dtype)) continue;
    for (int i = 0; i < 2; ++i) {
      CAPTURE(row.dtype, i);
      CHECK(fingerprint([&](const Generator& generator) {
              return dropout(input(row.dtype), i == 0 ? 0.4 : 0.1, true, generator);
            }) == row.expected[i]);
    }
  }
}

TEST_CASE("dropout's gradient passes where numbers did, and grows as they did") {
  Tensor x = input(DType::float32);
  x.requires_grad_();
  const Tensor y = dropout(x, 0.4, true, Generator(5));
  CHECK(grad_fn_name(*y.grad_fn()) == "MulBackward0");
  y.sum().backward();
  const std::vector<float> before = numbers<float>(x), after = numbers<float>(y), slope = numbers<float>(x.grad());
  int dropped = 0;
  for (std::size_t i = 0; i < after.size(); ++i) {
    CHECK(after[i] == before[i] * slope[i]);
    CHECK((slope[i] == 0 || slope[i] == 1 / static_cast<float>(1 - 0.4)));
    dropped += slope[i] == 0;
  }
  CHECK((dropped > 20 && dropped < 60));
}

TEST_CASE("dropout changes nothing in evaluation and for p = 0, and everything for p = 1") {
  const Generator generator(1);
  const Tensor x = tensor({1.0f, -2.0f, std::numeric_limits<float>::quiet_NaN()});
  CHECK(dropout(x, 0.5, false, generator).is_same(x));
  CHECK(dropout(x, 0, true, generator).is_same(x));
  const std::vector<float> all = numbers<float>(dropout(x, 1, true, generator));
  CHECK(all[0] == 0);
  CHECK(std::signbit(all[1]));
  CHECK(std::isnan(all[2]));
  const Tensor none = zeros({0});
  CHECK(dropout(none, 0.5, true, generator).is_same(none));
  CHECK(hashed(generator.get_state()) == hashed(Generator(1).get_state()));
}

TEST_CASE("dropout refuses what PyTorch's refuses, with its text") {
  const auto message = [](double p) { return message_of([&] { dropout(ones({3}), p, false); }); };
  CHECK(message(1.5) == "dropout probability has to be between 0 and 1, but got 1.5");
  CHECK(message(-0.1) == "dropout probability has to be between 0 and 1, but got -0.1");
  CHECK(message(std::numeric_limits<double>::quiet_NaN()) ==
        "dropout probability has to be between 0 and 1, but got nan");
  CHECK(message_of([] { dropout(ones({3}, {.dtype = DType::int64})); }) ==
        "result type Float can't be cast to the desired output type Long");
}

TEST_CASE("On every device ones and dropouts are the CPU's", "[device]") {
  for (const Device device : devices()) {
    CAPTURE(device);
    const Tensor p = probabilities({200}, DType::float32);
    CHECK(numbers<float>(bernoulli(p.to(device), Generator(4))) == numbers<float>(bernoulli(p, Generator(4))));
    CHECK(numbers<float>(bernoulli_(zeros({7, 6}, {.device = device}).t(), 0.3, Generator(4))) ==
          numbers<float>(bernoulli_(zeros({7, 6}).t(), 0.3, Generator(4))));
    const Tensor x = input(DType::float32);
    CHECK(numbers<float>(dropout(x.to(device), 0.3, true, Generator(4))) ==
          numbers<float>(dropout(x, 0.3, true, Generator(4))));
  }
}
