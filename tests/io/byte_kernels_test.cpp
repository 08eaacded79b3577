// The kernels over bytes: whatever the instruction set, the same hashes and the same copies.
#include "catch.h"

#include <algorithm>
#include <random>
#include <vector>

#include "instruction_sets.h"

#include <cairn/io/checksum.h>

using namespace cairn;

namespace {

std::vector<std::byte> noise(std::size_t size) {
  std::mt19937 random(7);
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

}  // namespace

TEST_CASE("Every instruction set hashes alike", "[io][kernels]") {
  const std::vector<std::byte> bytes = noise(70'000);
  for (const std::size_t size :
       {0, 1, 3, 8, 16, 17, 128, 129, 240, 241, 256, 257, 1023, 1024, 1025, 2047, 65'536, 69'999}) {
    CAPTURE(size);
    std::vector<io::Hash> hashes;
    on_every_instruction_set([&] {
      hashes.push_back(io::hash(std::span(bytes).first(size)));
      CHECK(hashes.back() == hashes.front());
    });
  }
}

TEST_CASE("What copies past the cache, with a hash or without, touches nothing else", "[io][kernels]") {
  const bool with_hash = GENERATE(true, false);
  constexpr std::size_t large = 256 << 10, most = large + 2048;  // from `large` on copies go past the cache
  const std::vector<std::byte> bytes = noise(most + 64);
  on_every_instruction_set([&] {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{63}, std::size_t{64}, std::size_t{511},
                                   std::size_t{1025}, large - 1, large, large + 1, large + 511, large + 512, most}) {
      for (const std::size_t source : {0, 1, 31}) {
        for (const std::size_t target : {0, 1, 15, 32, 63}) {
          CAPTURE(size, source, target);
          const auto from = std::span(bytes).subspan(source, size);
          std::vector<std::byte> to(64 + target + size + 64, std::byte{0xa5});
          const std::size_t begin = 64 - reinterpret_cast<std::uintptr_t>(to.data()) % 64 + target;
          if (with_hash)
            CHECK(io::hash_and_copy(from, to.data() + begin) == io::hash(from));
          else
            io::copy_past_cache(from, to.data() + begin);
          CHECK(std::equal(from.begin(), from.end(), to.begin() + begin));
          const auto is_guard = [](std::byte byte) { return byte == std::byte{0xa5}; };
          CHECK(std::all_of(to.begin(), to.begin() + begin, is_guard));
          CHECK(std::all_of(to.begin() + begin + size, to.end(), is_guard));
        }
      }
    }
  });
}
