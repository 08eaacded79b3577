// Normal numbers, bit for bit those of PyTorch 2.15 on x86-64 with AVX2.
#include <cmath>
#include <limits>
#include <vector>

#include <cairn/core/error.h>
#include <cairn/core/random.h>

#include "catch.h"
#include "devices.h"
#include "fingerprint.h"
#include "instruction_sets.h"
#include "message_of.h"

using namespace cairn;

namespace {

constexpr DType dtypes[] = {DType::float32, DType::float64, DType::float16, DType::bfloat16};

struct Row {
  std::int64_t size;
  std::uint64_t expected[4];
};
// clang-format off
constexpr Row rows[] = {
    {1, {0x3ae1ab09525ed8d4, 0xdf22cb3da91485dc, 0xe9a2dc041f4581b4, 0x0a06ab442da40a5d}},
    {2, {0x427397f14e31d088, 0x4dcc08de14c817fd, 0x13d63518e2499759, 0x0a6d026303be28b1}},
    {3, {0x5de1ea26313d440a, 0x80e9bc66f5a16d17, 0xc9c35005b8375465, 0x33c1ed06e631771d}},
    {4, {0x00ec3bfe6a1c4952, 0x3abacccf1e4fc952, 0xefcb6ff1b6da040b, 0x7c3772507e489adf}},
    {5, {0x092c7f31723504c5, 0xc5164639f8d05acc, 0x264128f3dd0f5938, 0x4e3dceeacf864252}},
    {6, {0x30a1f44e38dc82f8, 0xfcbe2d92ca089b41, 0x07a430da11794d07, 0x05c91b8f44900925}},
    {7, {0x60fc462450fc071d, 0xea986fd8548a54e1, 0xfecd52df77fff8fd, 0x96cbcbe270bb41e4}},
    {8, {0x071934245d6e78f7, 0x44cde834ce0b8988, 0xa0399e0d1cecf334, 0x1d5b96f800f10dfe}},
    {9, {0xc75b13cba49ae3fe, 0x8a760a61d5a8c96a, 0x8ed147ab7e3e2c84, 0x9008dbf59462b699}},
    {10, {0xf8d8f988aa4f07f0, 0x789c838aada36267, 0xb03dc729f244c4fd, 0xfa8290cd5b1cee18}},
    {11, {0x0067695ee66b7ef0, 0x3ae44f3689879b78, 0xaba6a176499852d3, 0xfe7ed0d13f7c2121}},
    {12, {0x1bbb0ad218702312, 0x3afe5c4db99ddcc9, 0x3587ad1bee4f50af, 0x7b15a996c9794e6a}},
    {13, {0xf3ff337c5f82ebff, 0xcec4734bb9d0fea6, 0x4e75ef606a70d4f0, 0x5ef909c3ef19fed6}},
    {14, {0x2d8c25ad327ed331, 0xb107af9145d0dd37, 0xbcdec9df665ea2a2, 0x29167443bd1cfbdf}},
    {15, {0x4e7e9d8b0acb9a74, 0x69b56052d40fbd57, 0xfabd0cafaf514c8a, 0xdf97b2c9ca0fa367}},
    {16, {0xc42b62ebbaac2f9e, 0xfd95c240ad92fc25, 0x9e62d04d521773aa, 0xee38eafe1713bd2a}},
    {17, {0x8028747ff39e66ea, 0x3bcb913e0f9993f9, 0x16336e5d163d55e4, 0x43289bf1daa08cb1}},
    {31, {0x431e72fcb40a9077, 0xc51c03f934ce49a1, 0x1a986a8d4a041aa1, 0x6f84e19dc57a0668}},
    {32, {0xa4063b85aaed31fd, 0xed6b7da7a14303d0, 0xe5f5696fe2702cb9, 0xfa31646c00476792}},
    {33, {0x2588c2dab965f416, 0x950735189275895d, 0x152d51b445aeb01d, 0x4a06cc88080de9ac}},
    {1000, {0xa14d3cc8bd575006, 0x709cde8d52e8495c, 0xed0d423056b906bc, 0x5ba581ee01d4009a}},
    {100003, {0xc1c88391b767c8b1, 0x4a037a1934c30752, 0xc06fe997944e2497, 0xf537d73fea201c1c}},
};
// clang-format on

void check_rows() {
  for (const Row& row : rows) {
    for (int i = 0; i < 4; ++i) {
      CAPTURE(row.size, dtypes[i]);
      CHECK(fingerprint([&](const Generator& generator) {
              return randn({row.size}, {.dtype = dtypes[i]}, generator);
            }) == row.expected[i]);
    }
  }
}

}  // namespace

TEST_CASE("randn draws PyTorch's numbers in every size and dtype, and leaves PyTorch's state") { check_rows(); }

TEST_CASE("Normal numbers do not depend on the instruction set") {
  on_every_instruction_set([&] { check_rows(); });
}

TEST_CASE("normal_ has the mean and deviation that were asked for, with one rounding") {
  const std::uint64_t expected[] = {0xec9ebb8c1863421f, 0x23ca13e76ff427a5, 0xe41878e33fe7068b, 0xa61f254e9e73cbec};
  for (int i = 0; i < 4; ++i) {
    CAPTURE(dtypes[i]);
    CHECK(fingerprint([&](const Generator& generator) {
            return normal_(zeros({40}, {.dtype = dtypes[i]}), -3, 0.02, generator);
          }) == expected[i]);
  }
  CHECK(numbers<float>(normal_(zeros({3}), 1.5, 0)) == std::vector<float>(3, 1.5f));
  CHECK(numbers<float>(normal_(zeros({20}), 1.5, 0)) == std::vector<float>(20, 1.5f));
}

TEST_CASE("normal_ goes through any layout in PyTorch's order, and a tensor made like one has its layout") {
  struct LayoutRow {
    Layout layout;
    std::uint64_t expected[4], like[2];
  };
  // clang-format off
  constexpr LayoutRow layouts[] = {
    {Layout::transposed, {0x39a724626e8f9d96, 0x61e78659e815aec2, 0x155e461aabb571a3, 0x20c5745989cb3ed0}, {0x8f495afcfb426370, 0x9f2e472d27f2c6bd}},
    {Layout::every_other, {0x36b3c6b4f6be44d6, 0x116eeac576f8198c, 0xacf55b51c7c67090, 0xe2ded0bb64590421}, {0xc54b6724b4c6be02, 0xd022753c3bd6f3b2}},
    {Layout::rotated, {0x090ccc14286ed905, 0xc824cd3a8d17f5d7, 0x18c3dbd89b551f2c, 0x670909ef7869d97c}, {0x1a28ac217995b202, 0xe1e98c9f58e91035}},
  };
  // clang-format on
  for (const LayoutRow& row : layouts) {
    for (int i = 0; i < 4; ++i) {
      CAPTURE(static_cast<int>(row.layout), dtypes[i]);
      const auto in_place = [&](const Generator& generator) {
        return normal_(zeros_in(row.layout, dtypes[i]), 1.5, 0.25, generator);
      };
      const auto made = [&](const Generator& generator) {
        return randn_like(zeros_in(row.layout, dtypes[i]), generator);
      };
      CHECK(fingerprint(in_place) == row.expected[i]);
      if (i < 2) CHECK(fingerprint(made) == row.like[i]);
    }
  }
}

TEST_CASE("The second of a pair waits in the generator and its state, for whatever dtype comes next") {
  const Generator generator(3);
  CHECK(randn({1}, {.dtype = DType::float64}, generator).item() == 0.8032760780963507);
  const Generator restored(0);
  Generator(restored).set_state(generator.get_state());
  CHECK(randn({20}, {}, generator).numel() == 20);  // sixteen at a time: it goes on waiting
  CHECK(randn({1}, {.dtype = DType::float64}, generator).item() == 0.17483339327910358);
  CHECK(randn({1}, {}, restored).item() == static_cast<double>(0.17483339327910358f));
}

TEST_CASE("What is not normal is refused with PyTorch's text") {
  const auto message = [](double std) { return message_of([&] { normal_(zeros({3}), 0, std); }); };
  CHECK(message(-1) == "normal expects std >= 0.0, but found std -1");
  CHECK(message(-1.5) == "normal expects std >= 0.0, but found std -1.5");
  CHECK(message(std::numeric_limits<double>::quiet_NaN()) == "normal expects std >= 0.0, but found std nan");
  CHECK(message_of([] { normal_(zeros({0}), 0, -1); }) == "normal expects std >= 0.0, but found std -1");
  CHECK(message_of([] { randn({3}, {.dtype = DType::int64}); }) == "\"normal_kernel_cpu\" not implemented for 'Long'");
  CHECK(normal_(zeros({0}, {.dtype = DType::int64})).numel() == 0);
  CHECK(message_of([] { normal_(zeros({1}).expand({3})); }).find("more than one element of the written-to tensor") !=
        std::string::npos);
  Tensor leaf = zeros({3});
  leaf.requires_grad_();
  CHECK(message_of([&] { normal_(leaf); }) ==
        "a leaf Variable that requires grad is being used in an in-place operation.");
}

TEST_CASE("On every device normal numbers are the CPU's, wherever they lie", "[device]") {
  for (const Device device : devices()) {
    CAPTURE(device);
    for (const std::int64_t size : {5, 1000}) {
      CHECK(numbers<float>(randn({size}, {.device = device}, Generator(4))) ==
            numbers<float>(randn({size}, {}, Generator(4))));
    }
    const Tensor there = zeros({7, 6}, {.device = device}), here = zeros({7, 6});
    const auto version = there.version();
    normal_(there.t(), 1, 2, Generator(4));
    normal_(here.t(), 1, 2, Generator(4));
    CHECK(there.version() > version);
    CHECK(numbers<float>(there) == numbers<float>(here));
  }
}
