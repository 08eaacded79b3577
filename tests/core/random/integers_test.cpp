// Whole numbers, those of PyTorch 2.15 on the CPU.
#include <limits>
#include <optional>
#include <vector>

#include <cairn/core/error.h>
#include <cairn/core/random.h>

#include "catch.h"
#include "devices.h"
#include "fingerprint.h"
#include "message_of.h"

using namespace cairn;

namespace {

constexpr std::int64_t smallest = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();

}  // namespace

TEST_CASE("random_ draws PyTorch's numbers in every dtype and range, and leaves PyTorch's state") {
  struct Row {
    DType dtype;
    std::optional<std::int64_t> low, high;  // without both: random_(tensor)
    std::uint64_t expected;
  };
  // clang-format off
  const Row rows[] = {
    {DType::boolean, {}, {}, 0xd5e8dd213823f053},
    {DType::uint8, {}, {}, 0x0a0c561e360f17e3},
    {DType::int8, {}, {}, 0x319a6bf9a4c01b63},
    {DType::int16, {}, {}, 0x3f5b7ff49ec8881b},
    {DType::int32, {}, {}, 0x66e67d55652b3164},
    {DType::int64, {}, {}, 0x17ca88cda96434b8},
    {DType::float32, {}, {}, 0xb4b2b98e5bd75b14},
    {DType::float64, {}, {}, 0x51cf637080317ffd},
    {DType::float16, {}, {}, 0xbca0976623f6ea42},
    {DType::bfloat16, {}, {}, 0x132341b643fe2756},
    {DType::int64, -3, 17, 0x918066665d1d830d},
    {DType::int64, 0, 268435455, 0x60ec68ec4a777a76},
    {DType::int64, 0, 268435456, 0x5f4371a7fef98c18},
    {DType::int64, -5, 4294967290, 0x6855a31639c6ecc8},
    {DType::int64, -5, 4294967303, 0x253139feccc8ded2},
    {DType::int64, smallest, largest, 0x654b3836c682b038},
    {DType::int64, 4611686018427387904, {}, 0xaa277eed3ec57438},
    {DType::int64, smallest, {}, 0xdd60f4c599a56f38},
    {DType::int32, -2147483648, 2147483648, 0x1bf9a7285b48d7a8},
    {DType::int32, 5, {}, 0xb7b633e2d707f701},
    {DType::int16, -300, 300, 0x5bdc4fee5fe71696},
    {DType::int8, -128, 128, 0x0a9679aa1f9497e3},
    {DType::uint8, 7, 256, 0x27bb1d88c0a157a1},
    {DType::uint8, 7, {}, 0x27bb1d88c0a157a1},
    {DType::boolean, 0, 2, 0xd5e8dd213823f053},
    {DType::boolean, 1, {}, 0x81dfd469ed508d99},
    {DType::float32, -10, 10, 0x546096baa9a1a28f},
    {DType::float32, 0, 16777216, 0x9ca3e2bd0bfc8120},
    {DType::float32, -1099511627777, 1099511627777, 0x88af74a465472b87},
    {DType::float32, 3, {}, 0x491ecc036432affc},
    {DType::float32, smallest, {}, 0x546e9dd00c0061c6},
    {DType::float64, -1152921504606846975, 2305843009213693951, 0x7e23ec5911bf45cf},
    {DType::float64, smallest, {}, 0x26468b429df6748e},
    {DType::float16, -2047, 2049, 0x6cc0b1050d4c2953},
    {DType::float16, -60001, 60001, 0xb9ebeeda1480f37d},
    {DType::float16, 4, {}, 0x80ee1a42dd02c690},
    {DType::bfloat16, -100, 100, 0xa55b1ca383ba1c98},
    {DType::bfloat16, 1001, 99999, 0x87663d424391e263},
    {DType::bfloat16, -7, {}, 0x7ff0adeb94e9971e},
    {DType::bfloat16, smallest, {}, 0x046e8bdc3c695478},
  };
  // clang-format on
  for (const Row& row : rows) {
    CAPTURE(row.dtype, row.low.value_or(0), row.high.value_or(0));
    CHECK(fingerprint([&](const Generator& generator) {
            const Tensor tensor = zeros({1000}, {.dtype = row.dtype});
            return row.low ? random_(tensor, *row.low, row.high, generator) : random_(tensor, generator);
          }) == row.expected);
  }
}

TEST_CASE("randint draws PyTorch's numbers in any shape") {
  CHECK(fingerprint([](const Generator& generator) { return randint(100, {}, generator); }) == 0x100625f8db6410d8u);
  CHECK(fingerprint([](const Generator& generator) {
          return randint(0, 7, {3, 4}, generator);
        }) == 0xff94505b30f5eccbu);
  CHECK(randint(7, {2}).dtype() == DType::int64);
  CHECK(randint(-3, 5, {2}, {.dtype = DType::float32, .requires_grad = true}).requires_grad());
  for (const double number : numbers<double>(randint(-3, 2, {200}, {.dtype = DType::bfloat16})))
    CHECK((number >= -3 && number <= 1));
}

TEST_CASE("random_ goes through any layout in PyTorch's order, and a tensor made like one has its layout") {
  const std::uint64_t expected[] = {0x99ac7df0e54a56ff, 0xc352d919a1a88ac9, 0xd1e67186ddaaf9fa};
  for (const Layout layout : {Layout::transposed, Layout::every_other, Layout::rotated}) {
    CAPTURE(static_cast<int>(layout));
    const auto in_place = [&](const Generator& generator) {
      return random_(zeros_in(layout, DType::int32), 0, 1000, generator);
    };
    const auto made = [&](const Generator& generator) {
      return randint_like(zeros_in(layout, DType::int32), 0, 1000, generator);
    };
    CHECK(fingerprint(in_place) == expected[static_cast<int>(layout)]);
    CHECK(fingerprint(made) == expected[static_cast<int>(layout)]);
  }
}

TEST_CASE("A range that is empty or does not fit the dtype is refused with PyTorch's text") {
  const auto message = [](DType dtype, std::int64_t low, std::optional<std::int64_t> high) {
    return message_of([&] { random_(zeros({3}, {.dtype = dtype}), low, high); });
  };
  CHECK(message(DType::float32, 5, 4) == "random_ expects 'from' to be less than 'to', but got from=5 >= to=4");
  CHECK(message_of([] { randint(-5, {3}); }) == "random_ expects 'from' to be less than 'to', but got from=0 >= to=-5");
  CHECK(message(DType::int8, 0, 129) == "to - 1 is out of bounds for signed char");
  CHECK(message(DType::int8, -129, 0) == "from is out of bounds for signed char");
  CHECK(message(DType::int8, 200, {}) == "from is out of bounds for signed char");
  CHECK(message(DType::uint8, -1, 5) == "from is out of bounds for unsigned char");
  CHECK(message(DType::int16, smallest + 1, 5) == "from is out of bounds for short int");
  CHECK(message(DType::int32, smallest + 1, 5) == "from is out of bounds for int");
  CHECK(message(DType::boolean, 0, 3) == "to - 1 is out of bounds for bool");
  CHECK(message(DType::float16, 0, 65536) == "to - 1 is out of bounds for c10::Half");
  CHECK(message(DType::float16, 4097, 4098) ==
        "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got from=4100 >= to=4098");
  CHECK(message(DType::float32, 16777219, {}) ==
        "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to dtype, but got "
        "from=16777219 > to_inc=16777216");
  CHECK(message(DType::float64, largest, {}).starts_with("random_ expects 'from' casted to dtype"));
  CHECK(message(DType::float16, smallest, {}) == "\"random_full_64_bits_range_kernel_cpu\" not implemented for 'Half'");
  CHECK(message(DType::int32, smallest, {}) ==
        "random_full_64_bits_range_kernel_cpu handles only int64, double, float and bfloat16");
  CHECK(message(DType::complex64, 0, 3) ==
        "check_random_bounds handles only integral, floating-point and boolean types");
  CHECK(message(DType::float8_e4m3fn, 0, 3) == "\"random_update_from_to\" not implemented for 'Float8_e4m3fn'");
  CHECK(message_of([] { random_(zeros({3}, {.dtype = DType::complex64})); }) ==
        "\"random_kernel_cpu\" not implemented for 'ComplexFloat'");
  CHECK(random_(zeros({0}, {.dtype = DType::complex64})).numel() == 0);
  CHECK(message_of([] { random_(zeros({0}, {.dtype = DType::int8}), 0, 300); }) ==
        "to - 1 is out of bounds for signed char");
}

TEST_CASE("On every device whole numbers and permutations are the CPU's", "[device]") {
  for (const Device device : devices()) {
    CAPTURE(device);
    CHECK(numbers<std::int64_t>(randint(-5, 1000, {300}, {.dtype = DType::int64, .device = device}, Generator(4))) ==
          numbers<std::int64_t>(randint(-5, 1000, {300}, Generator(4))));
    CHECK(numbers<std::int64_t>(randperm(300, {.dtype = DType::int64, .device = device}, Generator(4))) ==
          numbers<std::int64_t>(randperm(300, Generator(4))));
    const Tensor there = zeros({7, 6}, {.dtype = DType::uint8, .device = device});
    const Tensor here = zeros({7, 6}, {.dtype = DType::uint8});
    random_(there.t(), Generator(4));
    random_(here.t(), Generator(4));
    CHECK(numbers<std::uint8_t>(there) == numbers<std::uint8_t>(here));
  }
}
