// The bytes of codec 2: where each lies, and the faults that are refused.
#include "catch.h"

#include <string>

#include "contents.h"

#include <cairn/io/codec.h>
#include <cairn/io/codecs/zstd.h>

using namespace cairn;

namespace {

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> all;
  for (const int value : values) all.push_back(static_cast<std::byte>(value));
  return all;
}

std::vector<std::byte> pack(const std::vector<std::byte>& chunk, DType dtype) {
  std::vector<std::byte> out(chunk.size() + 1000);
  out.resize(io::planes_codec.encode(chunk, dtype, io::Preset::small, out));
  return out;
}

}  // namespace

TEST_CASE("Planes hold the lowest bytes first, the exponent last, the sign before the mantissa",
          "[io][codec][planes]") {
  struct Case {
    DType dtype;
    std::vector<std::byte> chunk, stored;
  };
  for (const Case& c : {
           Case{DType::int16, bytes({1, 7, 2, 7, 3, 7, 1, 7}), bytes({16, 0, 0, 0, 5, 0, 0, 0, 1, 2, 3, 1, 7})},
           // 1, -1, and the numbers next to 1 and -2: exponent 7f, and once 80.
           {DType::bfloat16, bytes({0x80, 0x3f, 0x80, 0xbf, 0x81, 0x3f, 0x01, 0xc0}),
            bytes({16, 0, 0, 0, 16, 0, 0, 0, 0x00, 0x80, 0x01, 0x81, 0x7f, 0x7f, 0x7f, 0x80})},
           {DType::float16, bytes({0x80, 0x3f, 0x80, 0xbf}), bytes({5, 0, 0, 0, 8, 0, 0, 0, 0x80, 0x3f, 0xbf})},
           {DType::float32, bytes({1, 2, 0x80, 0xbf, 1, 3, 0x80, 0x3f}),
            bytes({5, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0, 5, 0, 0, 0, 1, 2, 3, 0x80, 0x00, 0x7f})},
           {DType::complex64, bytes({1, 2, 0x80, 0xbf, 1, 3, 0x80, 0x3f}),
            bytes({5, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0, 0, 5, 0, 0, 0, 1, 2, 3, 0x80, 0x00, 0x7f})},
           {DType::float64, bytes({1, 2, 3, 4, 5, 6, 7, 8}),
            bytes({5, 0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0,
                   5, 0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8})},
       }) {
    INFO(name(c.dtype));
    CHECK(pack(c.chunk, c.dtype) == c.stored);
    std::vector<std::byte> back(c.chunk.size());
    CHECK(io::planes_codec.decode(c.stored, c.dtype, back) == nullptr);
    CHECK(back == c.chunk);
  }
}

TEST_CASE("Every value of sixteen bits comes back from planes", "[io][codec][planes]") {
  for (const DType dtype : {DType::bfloat16, DType::float16, DType::int16}) {
    const auto chunk = elements_of<std::uint16_t>(2 << 16, [](auto i) { return i * 40503; });
    std::vector<std::byte> back(chunk.size());
    CHECK(io::planes_codec.decode(pack(chunk, dtype), dtype, back) == nullptr);
    CHECK(back == chunk);
  }
}

TEST_CASE("A chunk of several blocks begins each with a head", "[io][codec][planes]") {
  // Two blocks of 131,072 zeros, and one of a single 1: for each a head and two bytes.
  std::vector<std::byte> chunk((2 * 131072 + 1) * 2), back(chunk.size());
  chunk[chunk.size() - 2] = std::byte{1};
  const auto stored = bytes({5, 0, 0, 0, 5, 0, 0, 0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0, 1, 0});
  CHECK(pack(chunk, DType::int16) == stored);
  CHECK(io::planes_codec.decode(stored, DType::int16, back) == nullptr);
  CHECK(back == chunk);
}

TEST_CASE("Planes that lie are refused, each for its reason", "[io][codec][planes]") {
  std::vector<std::byte> frame(64);
  const std::vector<std::byte> sixteen(16, std::byte{9});
  frame.resize(io::zstd_encode(sixteen, 3, frame));
  REQUIRE(frame.size() < 64);
  const int framed = 4 * static_cast<int>(frame.size()) + 2;
  const auto raw = elements_of<std::uint8_t>(16, [](auto i) { return i; });

  struct Case {
    const char* reason;  // a part of it; null where there is nothing wrong
    std::vector<std::byte> head;
    std::vector<std::vector<std::byte>> planes;
  };
  for (const Case& c : {
           Case{nullptr, bytes({64, 0, 0, 0, 5, 0, 0, 0}), {raw, bytes({7})}},
           {nullptr, bytes({framed, 0, 0, 0, 5, 0, 0, 0}), {frame, bytes({7})}},
           {"too short", bytes({5, 0, 0, 0, 1, 0, 0, 0}), {bytes({7})}},
           {"beyond", bytes({64, 0, 0, 0, 64, 0, 0, 0}), {raw, bytes({7})}},
           {"beyond", bytes({64, 0, 0, 0, 0xfc, 0xff, 0xff, 0xff}), {raw, bytes({7})}},
           {"follow", bytes({64, 0, 0, 0, 5, 0, 0, 0}), {raw, bytes({7, 7})}},
           {"raw plane", bytes({60, 0, 0, 0, 5, 0, 0, 0}), {raw, bytes({7})}},
           {"raw plane", bytes({0, 0, 0, 0, 64, 0, 0, 0}), {raw}},
           {"constant plane", bytes({64, 0, 0, 0, 9, 0, 0, 0}), {raw, bytes({7, 7})}},
           {"constant plane", bytes({64, 0, 0, 0, 1, 0, 0, 0}), {raw}},
           {"no known kind", bytes({64, 0, 0, 0, 7, 0, 0, 0}), {raw, bytes({7})}},
           {"zstd", bytes({66, 0, 0, 0, 5, 0, 0, 0}), {raw, bytes({7})}},
           {"one zstd frame", bytes({framed + 4, 0, 0, 0, 5, 0, 0, 0}), {frame, bytes({7, 7})}},
           {"zstd", bytes({2, 0, 0, 0, 5, 0, 0, 0}), {bytes({7}), raw}},
       }) {
    INFO((c.reason ? c.reason : "nothing wrong"));
    std::vector<std::byte> stored = c.head, back(32);
    for (const auto& plane : c.planes) stored.insert(stored.end(), plane.begin(), plane.end());
    const char* wrong = io::planes_codec.decode(stored, DType::int16, back);
    REQUIRE((wrong != nullptr) == (c.reason != nullptr));
    if (wrong) CHECK_THAT(wrong, Catch::Matchers::Contains(c.reason));
  }
}

TEST_CASE("A chunk that lacks a block is refused", "[io][codec][planes]") {
  const auto noise = whole_numbers<std::uint8_t, 256>(2 * 131072);
  std::vector<std::byte> stored = pack(noise, DType::int16), room(2 * 131072 + 2);  // of one block more
  const auto wrong = [&] { return std::string(io::planes_codec.decode(stored, DType::int16, room)); };
  CHECK(wrong() == "it ends before its last block");
  stored.insert(stored.end(), 7, std::byte{0});
  CHECK(wrong() == "it ends before its last block");
  stored = pack(std::vector<std::byte>(2 * 131072), DType::int16);
  CHECK(wrong() == "it is too short for the planes of so many numbers");
}
