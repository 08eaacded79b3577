// The codec `exponents`: round trips on every instruction set with the same bytes, and encodings that lie.
#include "catch.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "instruction_sets.h"

#include <cairn/io/codec.h>

using namespace cairn;
using Chunk = std::vector<std::byte>;

namespace {

/// What a chunk may hold: element i of `count`, as the bits of a float32.
struct Content {
  std::string name;
  std::function<std::uint32_t(std::mt19937& random, std::size_t i, std::size_t count)> bits;
  bool packs = true;  // whether packing saves enough for the codec to take it
};

std::uint32_t with_exponent(std::mt19937& random, std::uint32_t exponent) {
  return (random() & 0x807fffff) | exponent << 23;
}

const std::vector<Content> contents{
    {"Gaussian",
     [](std::mt19937& random, std::size_t, std::size_t) {
       const float value = std::normal_distribution<float>(0, 0.02f)(random);
       std::uint32_t bits;
       std::memcpy(&bits, &value, sizeof bits);
       return bits;
     }},
    {"zeros", [](std::mt19937&, std::size_t, std::size_t) { return 0u; }},
    {"one value", [](std::mt19937&, std::size_t, std::size_t) { return 0xc0490fdbu; }},
    {"three exponents",
     [](std::mt19937& random, std::size_t, std::size_t) { return with_exponent(random, 120 + random() % 3); }},
    {"fifteen exponents",
     [](std::mt19937& random, std::size_t, std::size_t) { return with_exponent(random, 240 + random() % 15); }},
    {"many escapes",
     [](std::mt19937& random, std::size_t, std::size_t) {
       return with_exponent(random, random() % 3 == 0 ? random() % 256 : 100 + random() % 7);
     }},
    {"NaN, infinities, denormals and zeros",
     [](std::mt19937& random, std::size_t, std::size_t) {
       return with_exponent(random, random() % 2 * 255) & (random() % 2 - 1);
     }},
    {"a hidden stretch of random bits",
     [](std::mt19937& random, std::size_t i, std::size_t count) {
       const bool hidden = count > 100'000 && i % (count / 31) > 2000 && i % (count / 31) < 10'000;
       return hidden ? static_cast<std::uint32_t>(random()) : 0x3f800000u;
     }},
    {"all exponents", [](std::mt19937& random, std::size_t i, std::size_t) { return with_exponent(random, i % 256); },
     false},
    {"random bits", [](std::mt19937& random, std::size_t, std::size_t) { return static_cast<std::uint32_t>(random()); },
     false},
};

Chunk make_chunk(const Content& content, DType dtype, std::size_t size) {
  std::mt19937 random(3);
  Chunk chunk(size);
  const std::size_t width = dtype == DType::bfloat16 ? 2 : 4;
  for (std::size_t i = 0; i < size / width; ++i) {
    const std::uint32_t bits = content.bits(random, i, size / width) >> (32 - width * 8);
    std::memcpy(&chunk[i * width], &bits, width);
  }
  return chunk;
}

/// The encoding of a chunk, or nothing; both ways.
Chunk encode(const Chunk& chunk, DType dtype, std::size_t room) {
  Chunk out(room), other(room);
  io::Hash hash;
  out.resize(io::exponents_codec.encode(chunk, dtype, io::Preset::fast, out));
  other.resize(io::exponents_codec.encode_and_hash(chunk, dtype, io::Preset::fast, other, hash));
  CHECK(hash == io::hash(chunk));
  CHECK(out == other);
  return out;
}
Chunk encode(const Chunk& chunk, DType dtype) { return encode(chunk, dtype, chunk.size() * 2 + 64); }

/// Decodes both ways into memory of just that size; returns what is wrong, or "" and the chunk.
std::pair<std::string, Chunk> decode(const Chunk& stored, DType dtype, std::size_t size) {
  Chunk chunk(size, std::byte{0x55}), other(size, std::byte{0xaa});
  io::Hash hash;
  const char* const wrong = io::exponents_codec.decode(stored, dtype, chunk);
  const char* const also = io::exponents_codec.decode_and_hash(stored, dtype, other, hash);
  CHECK((wrong ? std::string(wrong) : "") == (also ? also : ""));
  CHECK(hash == io::hash(stored));
  if (wrong) return {wrong, {}};
  CHECK(chunk == other);
  return {"", chunk};
}

Chunk bytes(std::initializer_list<int> values) {
  Chunk made;
  for (const int value : values) made.push_back(static_cast<std::byte>(value));
  return made;
}

}  // namespace

TEST_CASE("Chunks of every dtype, size and content come back, packed alike by every instruction set",
          "[io][exponents]") {
  constexpr std::size_t mebi = 1 << 20;
  for (const DType dtype : {DType::bfloat16, DType::float32, DType::complex64}) {
    const std::size_t width = size_of(dtype);
    std::vector<std::size_t> counts{1, 2, 7, 63, 64, 65, 127, 2047, 2048, 2049, 4097, 8191};
    for (const std::size_t count : {mebi / width - 1, mebi / width, mebi / width + 1}) counts.push_back(count);
    for (const Content& content : contents) {
      for (const std::size_t count : counts) {
        CAPTURE(name(dtype), content.name, count);
        const Chunk chunk = make_chunk(content, dtype, count * width);
        std::vector<Chunk> packed;
        on_every_instruction_set([&] {
          packed.push_back(encode(chunk, dtype));
          REQUIRE(packed.back() == packed.front());
          if (count >= 2047) CHECK(!packed.back().empty() == content.packs);
          if (packed.back().empty()) return;
          const auto [wrong, back] = decode(packed.back(), dtype, chunk.size());
          CHECK(wrong == "");
          CHECK(back == chunk);
        });
      }
    }
  }
}

TEST_CASE("What is written to memory that begins nowhere in particular is the same", "[io][exponents]") {
  const Chunk chunk = make_chunk(contents[0], DType::float32, 300 << 10);
  const Chunk packed = encode(chunk, DType::float32);
  on_every_instruction_set([&] {
    for (const std::size_t offset : {0, 1, 4, 32}) {
      Chunk source(packed.size() + offset), to(chunk.size() + 128, std::byte{0xa5});
      std::copy(packed.begin(), packed.end(), source.begin() + offset);
      const std::size_t begin = 64 - reinterpret_cast<std::uintptr_t>(to.data()) % 64 + offset;
      const auto target = std::span(to).subspan(begin, chunk.size());
      CHECK(io::exponents_codec.decode(std::span(source).subspan(offset), DType::float32, target) == nullptr);
      CHECK(std::equal(chunk.begin(), chunk.end(), target.begin()));
      CHECK(to[begin - 1] == std::byte{0xa5});
      CHECK(to[begin + chunk.size()] == std::byte{0xa5});
    }
  });
}

TEST_CASE("An encoding takes the room that it needs, and no byte more", "[io][exponents]") {
  on_every_instruction_set([&] {
    for (const std::size_t count : {std::size_t{5}, std::size_t{2048}, std::size_t{5000}}) {
      for (const Content& content : {contents[0], contents[5]}) {
        CAPTURE(content.name, count);
        const Chunk chunk = make_chunk(content, DType::bfloat16, count * 2), packed = encode(chunk, DType::bfloat16);
        REQUIRE(!packed.empty());
        CHECK(encode(chunk, DType::bfloat16, packed.size()) == packed);
        for (std::size_t room = 0; room < packed.size(); room += room < 100 || packed.size() - room < 100 ? 1 : 97)
          CHECK(encode(chunk, DType::bfloat16, room).empty());
      }
    }
  });
}

TEST_CASE("The encoding is this, byte for byte", "[io][exponents]") {
  const Chunk chunk = bytes({0x80, 0x3f, 0x00, 0xc0, 0x91, 0x04});  // 1, -2 and one with the exponent 9
  const Chunk wide = make_chunk(contents[5], DType::float32, 400'000);
  on_every_instruction_set([&] {
    CHECK(encode(chunk, DType::bfloat16) == bytes({2, 9, 127, 128, 0, 0, 0, 0, 0x00, 0x80, 0x11, 0x09, 0, 0}));
    CHECK(io::hash(encode(wide, DType::float32)).low == 0x2dffc066347c5722);
  });
}

TEST_CASE("Gaussian weights take 0.70 of their size in bfloat16, and 0.85 in float32", "[io][exponents]") {
  for (const auto& [dtype, most] : {std::pair{DType::bfloat16, 0.700}, std::pair{DType::float32, 0.850}}) {
    const Chunk chunk = make_chunk(contents[0], dtype, 1 << 20);
    CHECK(double(encode(chunk, dtype).size()) <= most * double(chunk.size()));
  }
}

TEST_CASE("Other dtypes and parts of elements are neither packed nor unpacked", "[io][exponents]") {
  const Chunk chunk(4096), packed = encode(chunk, DType::bfloat16);
  REQUIRE(!packed.empty());
  for (const DType dtype : {DType::float16, DType::float64, DType::uint8, DType::int32, DType(99)}) {
    CHECK(encode(chunk, dtype).empty());
    CHECK(decode(packed, dtype, chunk.size()).first != "");
  }
  CHECK(encode(Chunk(4095), DType::bfloat16).empty());
  CHECK(encode({}, DType::bfloat16).empty());
  CHECK(decode(packed, DType::bfloat16, 4095).first != "");
  CHECK(decode(packed, DType::bfloat16, 4094).first != "");
  CHECK(decode(packed, DType::bfloat16, 0).first != "");
  CHECK(decode(packed, DType::float32, 4096).first != "");
}

TEST_CASE("No encoding is smaller than codes of two bits without escapes make it", "[io][exponents]") {
  for (const DType dtype : {DType::bfloat16, DType::float32, DType::complex64}) {
    for (const std::size_t count : {2, 64, 2046, 2048, 2050, 4096, 5002}) {
      const std::size_t size = count * 4, smallest = encode(Chunk(size), dtype).size();
      CHECK(io::exponents_codec.can_hold(smallest, dtype, size));
      CHECK_FALSE(io::exponents_codec.can_hold(smallest - 1, dtype, size));
    }
  }
  CHECK_FALSE(io::exponents_codec.can_hold(4095, DType::bfloat16, 4095));
  CHECK_FALSE(io::exponents_codec.can_hold(4096, DType::float16, 4096));
  CHECK_FALSE(io::exponents_codec.can_hold(1000, DType::float32, ~std::uint64_t{0} / 4 * 4));
}

TEST_CASE("An encoding that breaks a rule is refused, with the rule", "[io][exponents]") {
  const auto wrong = [](const Chunk& stored) { return decode(stored, DType::bfloat16, 6).first; };
  // Three bfloat16: 1, -2 and one with the exponent 9. Head, signs' bytes, codes 0 1 3, the escape 9, one escape.
  const Chunk good = bytes({2, 127, 128, 129, 0, 0, 0, 0, 0x00, 0x80, 0x11, 0x34, 9, 1, 0});
  on_every_instruction_set([&] {
    CHECK(decode(good, DType::bfloat16, 6) == std::pair{std::string(), bytes({0x80, 0x3f, 0x00, 0xc0, 0x91, 0x04})});
    const auto with = [&](std::size_t i, int value) {
      Chunk stored = good;
      stored[i] = static_cast<std::byte>(value);
      return wrong(stored);
    };
    for (const int bits : {0, 1, 5, 255}) CHECK(with(0, bits) == "its codes are not of 2, 3 or 4 bits");
    CHECK(with(2, 127) == "two of its codes mean one exponent");
    CHECK(with(3, 127) == "two of its codes mean one exponent");
    for (const std::size_t i : {4, 5, 6, 7}) CHECK(with(i, 1) == "its padding is not zero");
    CHECK(with(11, 0x74) == "the bits behind its last code are not zero");
    CHECK(with(11, 0x14) == "a block has other escapes than it counts");
    CHECK(with(11, 0x3c) == "a block has other escapes than it counts");
    CHECK(with(12, 128) == "an exponent that has a code is written as an escape");
    CHECK(with(13, 0) == "its blocks do not add up to its size");
    CHECK(with(13, 2) == "its blocks do not add up to its size");
    CHECK(with(14, 1) == "its blocks do not add up to its size");
    CHECK(wrong(bytes({2, 127, 128, 129, 0, 0, 0, 0, 0, 0x80, 0x11, 0x34, 9, 9, 9, 9, 4, 0})) ==
          "a block has more escapes than elements");
    for (std::size_t size = 0; size < good.size(); ++size) CHECK(wrong(Chunk(good.begin(), good.begin() + size)) != "");
    Chunk longer = good;
    longer.push_back({});
    CHECK(wrong(longer) == "its blocks do not add up to its size");
    // 4 bits: a head of 16 bytes, without padding; and too short for one.
    Chunk wide = bytes({4, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 0, 0, 0x10, 0x02, 0, 0});
    CHECK(wrong(wide) == "");
    wide.resize(15);
    CHECK(wrong(wide) == "its codes are not of 2, 3 or 4 bits");
  });
}

TEST_CASE("Damaged encodings are refused or unpacked, alike on every instruction set", "[io][exponents]") {
  std::mt19937 random(11);
  const auto check = [](const Chunk& stored, DType dtype, std::size_t size) {
    std::vector<std::pair<std::string, Chunk>> outcomes;
    on_every_instruction_set([&] {
      outcomes.push_back(decode(stored, dtype, size));
      CHECK(outcomes.back() == outcomes.front());
    });
  };
  for (const DType dtype : {DType::bfloat16, DType::float32}) {
    for (const Content& content : {contents[0], contents[5]}) {
      const Chunk small = make_chunk(content, dtype, 150 * size_of(dtype)), packed = encode(small, dtype);
      CAPTURE(name(dtype), content.name);
      REQUIRE(!packed.empty());
      for (std::size_t i = 0; i < packed.size(); ++i) {
        Chunk damaged = packed;
        damaged[i] ^= static_cast<std::byte>(1 << random() % 8);
        check(damaged, dtype, small.size());
        check(Chunk(packed.begin(), packed.begin() + i), dtype, small.size());
      }
      const Chunk large = make_chunk(content, dtype, 5000 * size_of(dtype)), packed_large = encode(large, dtype);
      for (int round = 0; round < 300; ++round) {
        Chunk damaged = packed_large;
        for (std::size_t count = 1 + random() % 4; count > 0; --count)
          damaged[random() % 2 ? random() % damaged.size() : damaged.size() - 1 - random() % 8] =
              static_cast<std::byte>(random());
        check(damaged, dtype, large.size());
      }
      // Counts that add up although they are wrong: a block's escapes moved to another.
      Chunk moved = packed_large;
      --reinterpret_cast<unsigned char&>(moved[moved.size() - 6]);
      ++reinterpret_cast<unsigned char&>(moved[moved.size() - 4]);
      CHECK(decode(moved, dtype, large.size()).first != "");
      check(moved, dtype, large.size());
    }
  }
}
