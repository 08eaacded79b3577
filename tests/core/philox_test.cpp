// Philox against the known answers published with it, and what becomes of its words.
#include <cairn/core/philox.h>

#include "catch.h"

#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include <cairn/core/uniform.h>

using namespace cairn;

namespace {

using Words = std::array<std::uint32_t, 4>;

Words words_of(const PhiloxWords& words) { return {words.at[0], words.at[1], words.at[2], words.at[3]}; }
Words words(const PhiloxWords& counter, std::uint64_t key) { return words_of(philox(counter, key)); }

}  // namespace

TEST_CASE("Philox4x32-10 gives the words its authors published") {
  CHECK(words({{0, 0, 0, 0}}, 0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  constexpr std::uint32_t ones = 0xffffffff;
  CHECK(words({{ones, ones, ones, ones}}, 0xffffffffffffffff) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  // The digits of pi; the key's first word is its lower half.
  CHECK(words({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, 0x299f31d0a4093822) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("index and stream are 64 bits each of Philox's counter") {
  CHECK(words_of(philox(0x85a308d3243f6a88, 0x0370734413198a2e, 0x299f31d0a4093822)) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
  std::set<Words> seen;
  for (const std::uint64_t index : {0ull, 1ull, 1ull << 32, 1ull << 63})
    for (const std::uint64_t stream : {0ull, 1ull, 1ull << 32, 1ull << 63})
      for (const std::uint64_t key : {0ull, 1ull, 1ull << 32, 1ull << 63})
        seen.insert(words_of(philox(index, stream, key)));
  CHECK(seen.size() == 64);
}

TEST_CASE("random bits fill their range evenly, and never reach its end") {
  CHECK(Uniform<float>::digits == 24);
  CHECK(Uniform<double>::digits == 53);
  CHECK(Uniform<float>(0, 1)(0) == 0.0f);
  CHECK(Uniform<float>(0, 1)(0xffffffff) == 1 - 0x1p-24f);
  CHECK(Uniform<double>(0, 1)(~std::uint64_t{0}) == 1 - 0x1p-53);
  CHECK(Uniform<float>(-2, 6)(1u << 23) == 2.0f);
  CHECK(static_cast<float>(Uniform<bfloat16>(0, 1)(0xffffff)) == 0.0f);  // rounded to the end, which is left out

  const Uniform<float> uniform(-1, 1);
  std::vector<int> buckets(10);
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    for (const std::uint32_t word : words_of(philox(i, 0, 5))) {
      const float number = uniform(word);
      REQUIRE((number >= -1 && number < 1));
      ++buckets[static_cast<std::size_t>((number + 1) * 5)];
    }
  }
  // 4,000 each; five standard deviations are 300
  CHECK(*std::min_element(buckets.begin(), buckets.end()) > 3'700);
  CHECK(*std::max_element(buckets.begin(), buckets.end()) < 4'300);
}
