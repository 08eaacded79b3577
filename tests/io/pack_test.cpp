// Which codec a chunk gets, and what that saves.
#include "catch.h"

#include <algorithm>
#include <string>

#include "contents.h"

#include <cairn/io/codec.h>

using namespace cairn;

namespace {

struct Outcome {
  std::string codec;
  double ratio;
  std::vector<std::byte> bytes;
};

Outcome pack(const std::vector<std::byte>& chunk, DType dtype, io::Preset preset, io::Buffer& scratch) {
  const io::Packed packed = io::pack(chunk, dtype, preset, scratch);
  return {std::string(packed.codec->name),
          static_cast<double>(chunk.size()) / static_cast<double>(packed.bytes.size()),
          {packed.bytes.begin(), packed.bytes.end()}};
}

const Content& content(const std::string& name) {
  return *std::find_if(contents().begin(), contents().end(), [&](const Content& c) { return c.name == name; });
}

}  // namespace

TEST_CASE("A chunk comes back whatever the preset, and is never longer packed", "[io][codec][pack]") {
  io::Buffer scratch;
  for (const Content& content : contents()) {
    for (const std::size_t size : {8, 56, 64, 1000, 16376, 16384, 16392, 100000, 1 << 20}) {
      for (const auto preset : {io::Preset::none, io::Preset::fast, io::Preset::small, io::Preset::max}) {
        INFO(content.name << ", " << size << ", preset " << int(preset));
        const std::vector<std::byte> chunk = content.make(size);
        io::Hash hash;
        const io::Packed packed = io::pack(chunk, content.dtype, preset, scratch, &hash);
        CHECK(hash == io::hash(chunk));
        const bool raw = packed.codec == &io::raw_codec;
        CHECK((raw ? packed.bytes.data() == chunk.data() : packed.bytes.size() < chunk.size()));
        if (preset == io::Preset::none) CHECK(raw);
        CHECK(io::is_possible(packed.codec->id, packed.bytes.size(), chunk.size(), content.dtype));
        std::vector<std::byte> back(chunk.size());
        REQUIRE(packed.codec->decode(packed.bytes, content.dtype, back) == nullptr);
        CHECK(back == chunk);
      }
    }
  }
}

TEST_CASE("What a chunk becomes depends on its bytes, its dtype and the preset alone", "[io][codec][pack]") {
  io::Buffer scratch, other;
  std::vector<Outcome> first;
  for (const auto preset : {io::Preset::fast, io::Preset::small, io::Preset::max}) {
    for (const Content& content : contents())
      first.push_back(pack(content.make(200000), content.dtype, preset, scratch));
  }
  // In the opposite order, with other presets between, and from another place in memory.
  for (const auto preset : {io::Preset::max, io::Preset::small, io::Preset::fast}) {
    for (auto content = contents().rbegin(); content != contents().rend(); ++content) {
      std::vector<std::byte> moved = content->make(200000);
      moved.reserve(moved.size() + 1);
      const Outcome again = pack(moved, content->dtype, preset, other);
      CHECK(again.bytes == first.back().bytes);
      CHECK(again.codec == first.back().codec);
      first.pop_back();
      pack(content->make(5000), content->dtype, io::Preset::small, other);
    }
  }
}

TEST_CASE("Each content gets the codec that suits it", "[io][codec][pack]") {
  struct Case {
    const char* content;
    const char* codec;        // for `small`
    double fast, small, max;  // ratios of chunks of 1 MiB, at least
  };
  io::Buffer scratch;
  for (const Case& c : {
           Case{"bfloat16 weights", "planes", 1, 1.49, 1.49},
           {"float16 weights", "planes", 1.1, 1.17, 1.17},
           {"float32 weights", "planes", 1, 1.19, 1.19},
           {"complex64 weights", "planes", 1, 1.19, 1.19},
           {"float64 weights", "planes", 1, 1.13, 1.13},
           {"float8 weights", "zstd", 1.1, 1.15, 1.15},
           {"first moments", "planes", 1, 1.15, 1.15},
           {"second moments", "planes", 1, 1.18, 1.2},
           {"a sparse gradient", "zstd", 11, 11, 13},
           {"a sparse bfloat16 gradient", "zstd", 10, 10, 11.5},
           {"bfloat16 values in float32", "planes", 1, 2.9, 2.9},
           {"whole numbers in float32", "planes", 1, 3.5, 3.5},
           {"token ids", "planes", 5.2, 5.2, 5.2},
           {"short token ids", "planes", 2.6, 2.6, 2.6},
           {"a counter", "planes", 500, 500, 500},
           {"classes", "planes", 17, 17, 17},
           {"a mask", "zstd", 7, 7, 9},
           {"text", "zstd", 1.5, 1.5, 1.5},
           {"noise", "raw", 1, 1, 1},
           {"noise in float32", "raw", 1, 1, 1},
           {"zeros", "constant", 250000, 250000, 250000},
           {"zeros but one", "zstd", 10000, 10000, 10000},
       }) {
    INFO(c.content);
    const std::vector<std::byte> chunk = content(c.content).make(1 << 20);
    const DType dtype = content(c.content).dtype;
    CHECK(pack(chunk, dtype, io::Preset::small, scratch).codec == c.codec);
    CHECK(pack(chunk, dtype, io::Preset::fast, scratch).ratio >= c.fast);
    CHECK(pack(chunk, dtype, io::Preset::small, scratch).ratio >= c.small);
    CHECK(pack(chunk, dtype, io::Preset::max, scratch).ratio >= c.max);
  }
}

TEST_CASE("What repeats from far away is found where it is worth a search", "[io][codec][pack]") {
  io::Buffer scratch;
  std::vector<std::byte> chunk = content("float32 weights").make(1 << 20);
  for (std::size_t i = 1 << 16; i < chunk.size(); ++i) chunk[i] = chunk[i - (1 << 16)];
  CHECK(pack(chunk, DType::float32, io::Preset::max, scratch).ratio > 15);
  std::vector<std::byte> noise = content("noise").make(1 << 20);
  for (std::size_t i = 1 << 16; i < noise.size(); ++i) noise[i] = noise[i - (1 << 16)];
  CHECK(pack(noise, DType::uint8, io::Preset::small, scratch).ratio > 15);
}

TEST_CASE("Small chunks stay raw unless packing saves what it costs", "[io][codec][pack]") {
  io::Buffer scratch;
  const auto codec = [&](const char* name, std::size_t size, io::Preset preset) {
    const Content& c = content(name);
    return pack(c.make(size), c.dtype, preset, scratch).codec;
  };
  CHECK(codec("zeros", 60, io::Preset::max) == "raw");
  CHECK(codec("zeros", 64, io::Preset::fast) == "constant");
  CHECK(codec("zeros", 64, io::Preset::none) == "raw");
  CHECK(codec("a counter", 8000, io::Preset::fast) == "raw");
  CHECK(codec("a counter", 8000, io::Preset::small) == "planes");
  CHECK(codec("text", 4000, io::Preset::small) == "zstd");
  CHECK(codec("bfloat16 weights", 4000, io::Preset::small) == "planes");
}
