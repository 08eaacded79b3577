// Random numbers, bit for bit those of PyTorch 2.15 on the CPU.
#include <cairn/core/random.h>

#include "catch.h"

#include <algorithm>
#include <limits>
#include <thread>
#include <vector>

#include <cairn/core/autograd.h>
#include <cairn/core/backend.h>
#include <cairn/core/error.h>
#include <cairn/core/ops.h>
#include <cairn/core/print.h>

#include "devices.h"
#include "fingerprint.h"
#include "message_of.h"

using namespace cairn;

namespace {

constexpr DType real_dtypes[] = {DType::float32, DType::float64, DType::float16, DType::bfloat16};

template <class T>
std::vector<T> values(const Tensor& tensor) {
  const auto data = tensor.data<T>();
  return {data.begin(), data.end()};
}

}  // namespace

TEST_CASE("rand draws PyTorch's numbers in float32 and float64") {
  CHECK(values<float>(rand({5}, {}, Generator(7))) ==
        std::vector<float>{0.53492254f, 0.198803186f, 0.659211695f, 0.656890273f, 0.232761562f});
  CHECK(hashed(rand({1000}, {}, Generator(8))) == 0xfbd287166377500cu);
  CHECK(values<double>(rand({9}, {.dtype = DType::float64}, Generator(10))) ==
        std::vector<double>{0.6646772855573456, 0.4999868843984262, 0.7115785803866129, 0.5503520164067086,
                            0.9423644940003119, 0.3835373044832867, 0.6327446504631091, 0.5668984725790632,
                            0.3389893835081328});
}

TEST_CASE("uniform_ scales with one rounding, as PyTorch's") {
  const Tensor drawn = zeros({20});
  uniform_(drawn, -0.5, 2.0, Generator(18));
  CHECK(values<float>(drawn) == std::vector<float>{0.739515841f,   0.646891594f,  0.490160704f,  1.38031268f,
                                                   1.80494475f,    1.01121867f,   0.877741992f,  0.860204518f,
                                                   -0.0708367229f, 0.0423367023f, -0.412773371f, 1.86430669f,
                                                   0.805067658f,   0.210545331f,  1.75308728f,   1.25035226f,
                                                   1.45979095f,    0.763157427f,  0.115788996f,  1.06799138f});
}

TEST_CASE("rand draws PyTorch's numbers in every size and dtype, and leaves PyTorch's state") {
  struct Row {
    std::int64_t size;
    std::uint64_t expected[4];
  };
  // clang-format off
  constexpr Row rows[] = {
    {1, {0x9cb42f74b48de859, 0x36c92051c0b7cfa0, 0x23f62e6d5738ae8b, 0x1b0854d58c2c3da6}},
    {2, {0xf13d5f9e1605507e, 0x4075b4bb85334485, 0xc32d0a6c7f06c105, 0x8cf6a261efd86bb8}},
    {3, {0x0648c237bcde9892, 0x7b0df36263f050b7, 0xf276c18874938daf, 0xc73168aebf7c4ce1}},
    {4, {0xd06b895f6d770760, 0x09820ec32f2c251b, 0x4a8c511270abda80, 0xaa2110ca240b7e08}},
    {5, {0x55ba3e1b288fd0b9, 0x790e1b9914adfd27, 0x553f4df36acf4403, 0xd08231ab034c69ae}},
    {6, {0x195bf58ad417a34f, 0x0d52208783c1933b, 0xbf1d45879d71a7ca, 0x6977ca2bf2669224}},
    {7, {0xbffab0fb598dec7c, 0xa3e16ad10b4a2284, 0xb1b5b01f3dbdd3f2, 0x166c59f122505d67}},
    {8, {0xb170cbbdcebe17da, 0xa42a2ced4166c3c7, 0x9cd995522929533c, 0xafd4f55db7cf7d74}},
    {9, {0x9584777eaec9e392, 0x81a363cb626bdca4, 0xc23c1e5d62c93a09, 0x02e27976b2c1df4a}},
    {10, {0x4c6314a09eeb7569, 0x7d96b8e7a7cbb930, 0x38d1f442f9882abd, 0xa7f7df8d4c17b969}},
    {11, {0x0d1440330909b4d6, 0xba687bc82a867e16, 0x0924db635d967670, 0x2b9b8881cc481576}},
    {12, {0x36d6a5620b12d588, 0x5cdfef4e35319f26, 0x05f5a2abcc53b9f2, 0x6ff57e165c0e7051}},
    {13, {0x138c4a9263268e0f, 0x46170e33acde95c9, 0x8ff6ca229ec9fd7a, 0x21ed81bdf3fbb76f}},
    {14, {0xe5eeac1ba45ae68f, 0x5b8da3b550c489f0, 0x7b626204250a4b3a, 0x25190fb8075e318e}},
    {15, {0x195b3f74b4743e5d, 0x33d33a17d2d2d00d, 0xa80ec4145252e6e8, 0x5f70401b5e22e17f}},
    {16, {0xa4294fcab475ab5c, 0x625f94e3c219b686, 0x994bbe50b6d7561f, 0x6f1025943e9ca36f}},
    {17, {0x2e1b4f3c42d555ec, 0xb97db11e36cdd9ab, 0x225d80b4037b86ba, 0xd4a9ec8c727cda3e}},
    {31, {0x28cd5d3e7fffbefa, 0x7704fd8fd97aed95, 0xf3d03f74df27fc13, 0x815e0c68f542b05b}},
    {32, {0x585b87c0d2a5c021, 0x53c7a65046af2c39, 0xd4588405143a087d, 0xd8131fc5d846a154}},
    {33, {0x286591f734a56611, 0xada43f29a13252d3, 0x4dd851bb8fe4e592, 0x68981e28eb3af7ee}},
    {1000, {0x819ce5252ff90a98, 0x66ec5752826031e4, 0x5b91d9139c2f3484, 0xf5c40a24ca8a9bcb}},
    {100003, {0x03c82036ab3bdde9, 0xd82e9db81438ec9a, 0x61ff6e7b79d1a192, 0xe6c5fc92ba84444b}},
  };
  // clang-format on
  for (const Row& row : rows) {
    for (int i = 0; i < 4; ++i) {
      CAPTURE(row.size, real_dtypes[i]);
      CHECK(fingerprint([&](const Generator& generator) {
              return rand({row.size}, {.dtype = real_dtypes[i]}, generator);
            }) == row.expected[i]);
    }
  }
}

TEST_CASE("uniform_ goes through any layout in PyTorch's order, and a tensor made like one has its layout") {
  struct Row {
    Layout layout;
    std::uint64_t expected[4], like[2];
  };
  // clang-format off
  constexpr Row rows[] = {
    {Layout::transposed, {0x0657eb2002ef09ff, 0xfe2f4b8ac337c942, 0x4191b1841d734de3, 0x7fd7132d10167d28}, {0xce9e3305de3b9ef1, 0xf518f33360d970db}},
    {Layout::every_other, {0xe83177a39d380f3a, 0x96ae3fc1501dfde4, 0x2b48138c5926d0ff, 0x1101c9d1acc6cc3a}, {0x304d6461e57aab69, 0x98c93b344a9b0e05}},
    {Layout::rotated, {0x1d9fb530b9854456, 0x4c87bde4b0663e56, 0xe5aa478966dfa4ee, 0x15e699cb8b866c0f}, {0xf4dc03481cb1fe15, 0xac6a7424677232d2}},
  };
  // clang-format on
  for (const Row& row : rows) {
    for (int i = 0; i < 4; ++i) {
      CAPTURE(static_cast<int>(row.layout), real_dtypes[i]);
      const auto in_place = [&](const Generator& generator) {
        return uniform_(zeros_in(row.layout, real_dtypes[i]), -0.5, 2, generator);
      };
      const auto made = [&](const Generator& generator) {
        return rand_like(zeros_in(row.layout, real_dtypes[i]), generator);
      };
      CHECK(fingerprint(in_place) == row.expected[i]);
      if (i < 2) CHECK(fingerprint(made) == row.like[i]);
    }
  }
  CHECK(rand_like(zeros_in(Layout::transposed, DType::float32)).strides() == Shape{1, 7});
  CHECK(rand_like(zeros_in(Layout::every_other, DType::float32)).is_contiguous());
  CHECK(rand_like(zeros_in(Layout::rotated, DType::float32)).strides() == Shape{1, 30, 6});
  CHECK(rand_like(zeros({1, 4}).expand({3, 4})).strides() == Shape{4, 1});
  CHECK(rand_like(zeros({2, 1, 3}).expand({2, 4, 3}).permute({2, 1, 0})).strides() == Shape{1, 3, 12});
}

TEST_CASE("A number that is rounded up to the bound which does not belong to the range becomes the other bound") {
  const std::uint64_t expected[] = {0x28826f1b63c99a59, 0x13b480474e4a33ed, 0x86a66a22b24d8093, 0xe9e4b116591691ad};
  for (int i = 0; i < 4; ++i) {
    CAPTURE(real_dtypes[i]);
    CHECK(fingerprint([&](const Generator& generator) {
            return uniform_(zeros({1000}, {.dtype = real_dtypes[i]}), 1, 2, generator);
          }) == expected[i]);
    for (const float number : values<float>(rand({5000}, {.dtype = real_dtypes[i]}, Generator(3)).to(DType::float32)))
      CHECK(number < 1);
  }
}

TEST_CASE("randperm is PyTorch's permutation") {
  struct Row {
    std::int64_t n;
    std::uint64_t expected;
  };
  constexpr Row rows[] = {{1, 0x4914eef7ced275dc},    {2, 0xa39299d20590a346},     {10, 0xadaef36b478e31a6},
                          {1000, 0x16d08075fa4fdec5}, {30000, 0xdc6452e5466372ec}, {300000, 0xc9e6b0151b9b9e89}};
  for (const Row& row : rows) {
    CAPTURE(row.n);
    CHECK(fingerprint([&](const Generator& generator) { return randperm(row.n, generator); }) == row.expected);
  }
  CHECK(values<std::int64_t>(randperm(10, Generator(16))) == std::vector<std::int64_t>{1, 9, 3, 8, 5, 2, 6, 7, 0, 4});
  CHECK(randperm(0).numel() == 0);
  CHECK(values<std::int64_t>(randperm(1)) == std::vector<std::int64_t>{0});
}

TEST_CASE("randperm counts in every dtype that can, and refuses to count too far") {
  struct Row {
    DType dtype;
    std::int64_t n;
    std::uint64_t expected;
  };
  constexpr Row rows[] = {{DType::uint8, 256, 0xa45cd95478767562},   {DType::int16, 500, 0xf88e2ffa99ffcf4e},
                          {DType::int32, 500, 0xb9f5484545dab33e},   {DType::float32, 500, 0x5732a5b4d4fa589f},
                          {DType::float64, 500, 0x636ba89d660ddcb7}, {DType::float16, 2049, 0x645dd3cdb61bdae5},
                          {DType::bfloat16, 300, 0xa8d05bb623f3974b}};
  for (const Row& row : rows) {
    CAPTURE(row.dtype);
    CHECK(fingerprint([&](const Generator& generator) { return randperm(row.n, {.dtype = row.dtype}, generator); }) ==
          row.expected);
  }
  CHECK(message_of([] { randperm(-1); }) == "Trying to create tensor with negative dimension -1: [-1]");
  CHECK(message_of([] { randperm(257, {.dtype = DType::uint8}); }) ==
        "value cannot be converted to type uint8_t without overflow");
  CHECK(message_of([] { randperm(129, {.dtype = DType::int8}); }) ==
        "value cannot be converted to type int8_t without overflow");
  CHECK(message_of([] { randperm(2050, {.dtype = DType::float16}); }) ==
        "n cannot be greater than 2049 for Half type.");
  CHECK(message_of([] { randperm(5, {.dtype = DType::boolean}); }) == "\"randperm\" not implemented for 'Bool'");
  CHECK(randperm(5, {.dtype = DType::float32, .requires_grad = true}).requires_grad());
  CHECK(randperm(5, {.dtype = DType::int64, .device = "meta"}).device().is_meta());
}

TEST_CASE("A tensor that is not contiguous is filled in the order of memory, and only it") {
  const Tensor plain = zeros({2, 3}), transposed = zeros({3, 2});
  uniform_(plain, 0, 1, Generator(4));
  uniform_(transposed.t(), 0, 1, Generator(4));
  CHECK(values<float>(transposed) == values<float>(plain));

  const Tensor base = zeros({3, 4});
  uniform_(base.narrow(1, 1, 2), 1, 2, Generator(4));
  const auto numbers = values<float>(base);
  CHECK(std::count(numbers.begin(), numbers.end(), 0.0f) == 6);
  CHECK(numbers[1] == 1 + plain.data<float>()[0]);
}

TEST_CASE("uniform_ bumps the version, and refuses what it cannot fill") {
  const Tensor drawn = zeros({3});
  const auto before = drawn.version();
  uniform_(drawn);
  CHECK(drawn.version() > before);
  const auto message = [](DType dtype, double from, double to) {
    return message_of([&] { uniform_(zeros({3}, {.dtype = dtype}), from, to); });
  };
  CHECK(message(DType::int64, 0, 1) == "\"check_uniform_bounds\" not implemented for 'Long'");
  CHECK(message(DType::float32, 1, 0) == "uniform_ expects to return a [from, to) range, but found from=1 > to=0");
  CHECK(
      message(DType::float32, -3e38, 3e38) ==
      "uniform_ expects to-from <= std::numeric_limits<Float>::max(), but found to=3e+38 and from=-3e+38 which result "
      "in to-from to exceed the limit");
  CHECK(message(DType::float16, 0, 1e5) == "to is out of bounds for c10::Half");
  CHECK(message(DType::float64, -std::numeric_limits<double>::infinity(), 0) == "from is out of bounds for double");
  CHECK(message(DType::float32, 0, std::numeric_limits<double>::quiet_NaN()) == "to is out of bounds for float");
  CHECK(message_of([] { uniform_(zeros({1}).expand({3})); }) ==
        "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
        "Please clone() the tensor before performing the operation.");
  Tensor leaf = zeros({3});
  leaf.requires_grad_();
  CHECK_THROWS_WITH(uniform_(leaf), "a leaf Variable that requires grad is being used in an in-place operation.");
  const Tensor computed = mul(leaf, leaf);
  uniform_(computed);
  CHECK_FALSE(computed.requires_grad());  // what it was computed from reaches it no more
  const NoGrad no_grad;
  CHECK_NOTHROW(uniform_(leaf));
}

TEST_CASE("Nothing is drawn for an empty tensor, and what is made may require a gradient") {
  const Generator generator(7);
  CHECK(rand({0, 3}, {}, generator).numel() == 0);
  CHECK(randn({0}, {}, generator).numel() == 0);
  CHECK(randint(5, {0}, generator).numel() == 0);
  CHECK(hashed(generator.get_state()) == hashed(Generator(7).get_state()));
  CHECK(rand({3}, {.requires_grad = true}).requires_grad());
  CHECK(randn({3}, {.requires_grad = true}).is_leaf());
}

TEST_CASE("On meta nothing is drawn; on a device without a generator the host's numbers arrive", "[device]") {
  Generator generator(7);
  rand({5}, {.device = "meta"}, generator);
  CHECK(generator.random() == Generator(7).random());
  for (const Device device : devices()) {
    if (backend(device).uniform) continue;
    const Tensor there = rand({5}, {.device = device}, Generator(7));
    CHECK(there.device() == device);
    CHECK(values<float>(there.to("cpu")) == values<float>(rand({5}, {}, Generator(7))));
  }
}

TEST_CASE("On every device the same seed gives the same numbers, and every call others", "[device]") {
  for (const Device device : devices()) {
    CAPTURE(device);
    for (const DType dtype : {DType::float32, DType::float64, DType::float16, DType::bfloat16}) {
      const auto draw = [&](const Generator& generator, std::int64_t count) {
        return numbers<double>(rand({count}, {.dtype = dtype, .device = device}, generator));
      };
      const Generator generator(7);
      const std::vector<double> first = draw(generator, 10'001), second = draw(generator, 10'001);
      CHECK(first != second);
      const Generator same(7);
      CHECK(draw(same, 10'001) == first);
      CHECK(draw(same, 10'001) == second);
      CHECK(draw(Generator(8), 10'001) != first);

      double sum = 0, squares = 0;
      for (const double number : first) {
        CHECK((number >= 0 && number < 1));
        sum += number, squares += number * number;
      }
      CHECK(sum / 10'001 == Approx(0.5).margin(0.015));
      CHECK(squares / 10'001 == Approx(1.0 / 3).margin(0.015));
    }
    // A generator whose state was saved goes on alike.
    Generator saved(3), restored(4);
    rand({5}, {.device = device}, saved);
    restored.set_state(saved.get_state());
    CHECK(numbers<float>(rand({9}, {.device = device}, saved)) ==
          numbers<float>(rand({9}, {.device = device}, restored)));
  }
}

TEST_CASE("On every device uniform_ fills views, keeps to its bounds and bumps the version", "[device]") {
  for (const Device device : devices()) {
    const Tensor base = zeros({3, 4}, {.device = device});
    const auto version = base.version();
    uniform_(base.narrow(1, 1, 2), 1, 2, Generator(4));
    CHECK(base.version() > version);
    const auto found = numbers<float>(base);
    CHECK(std::count(found.begin(), found.end(), 0.0f) == 6);
    CHECK(std::count_if(found.begin(), found.end(), [](float number) { return number >= 1 && number < 2; }) == 6);

    const Tensor plain = zeros({2, 3}, {.device = device}), transposed = zeros({3, 2}, {.device = device});
    uniform_(plain, -0.5, 2, Generator(4));
    uniform_(transposed.t(), -0.5, 2, Generator(4));
    CHECK(numbers<float>(transposed) == numbers<float>(plain));  // the order is that of memory

    uniform_(zeros({0}, {.device = device}));
    CHECK_THROWS_AS(uniform_(zeros({3}, {.dtype = DType::int64, .device = device})), DTypeError);
    const Tensor scalar = zeros({}, {.device = device});
    uniform_(scalar, 5, 5.5, Generator(1));
    CHECK(scalar.item() >= 5);
  }
}

TEST_CASE("The default generator gives every draw to one caller, whatever the threads") {
  constexpr std::int64_t each = 100'000;
  manual_seed(1);
  std::vector<Tensor> drawn(4);
  std::vector<std::thread> threads;
  for (Tensor& result : drawn) {
    threads.emplace_back([&result] {
      result = zeros({each});
      for (std::int64_t start = 0; start < each; start += 100) uniform_(result.narrow(0, start, 100));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<float> together, alone = values<float>(rand({4 * each}, {}, Generator(1)));
  for (const Tensor& result : drawn) {
    const auto numbers = values<float>(result);
    together.insert(together.end(), numbers.begin(), numbers.end());
  }
  std::sort(together.begin(), together.end());
  std::sort(alone.begin(), alone.end());
  CHECK(together == alone);
}
