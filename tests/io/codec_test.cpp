// Codecs one by one, and which of them a chunk gets.
#include "catch.h"

#include <algorithm>
#include <string>

#include "contents.h"

#include <cairn/io/codec.h>
#include <cairn/io/codecs/zstd.h>

using namespace cairn;

namespace {

const std::vector<const io::Codec*> all_codecs{&io::raw_codec, &io::zstd_codec, &io::planes_codec, &io::constant_codec};

/// Memory whose neighbourhood tells whether anything was written there.
class Guarded {
 public:
  explicit Guarded(std::size_t size) : bytes_(size + 2 * margin, mark), size_(size) {}
  std::span<std::byte> span() { return std::span(bytes_).subspan(margin, size_); }
  bool intact() const {
    const auto is_mark = [](std::byte byte) { return byte == mark; };
    return std::all_of(bytes_.begin(), bytes_.begin() + margin, is_mark) &&
           std::all_of(bytes_.end() - margin, bytes_.end(), is_mark);
  }

 private:
  static constexpr std::ptrdiff_t margin = 64;
  static constexpr std::byte mark{0xa7};
  std::vector<std::byte> bytes_;
  std::size_t size_;
};

std::vector<std::byte> encode(const io::Codec& codec, std::span<const std::byte> chunk, DType dtype,
                              io::Preset preset = io::Preset::small) {
  std::vector<std::byte> out(chunk.size() + chunk.size() / 8 + 256);
  out.resize(codec.encode(chunk, dtype, preset, out));
  return out;
}

bool equal(std::span<const std::byte> a, std::span<const std::byte> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

}  // namespace

TEST_CASE("Codecs are found by their numbers, which never change", "[io][codec]") {
  CHECK(io::find_codec(0) == &io::raw_codec);
  CHECK(io::find_codec(1) == &io::zstd_codec);
  CHECK(io::find_codec(2) == &io::planes_codec);
  CHECK(io::find_codec(3) == &io::constant_codec);
  CHECK(io::find_codec(99) == nullptr);
}

TEST_CASE("Every codec gives back what it packed, in the room it has and nowhere else", "[io][codec]") {
  for (const Content& content : contents()) {
    for (const std::size_t size : {8, 16, 64, 1000, 4096, 16392, 300008, 1 << 20, (3 << 20) + 8}) {
      const std::vector<std::byte> chunk = content.make(size);
      for (const io::Codec* codec : all_codecs) {
        INFO(codec->name << ", " << content.name << ", " << size);
        const std::vector<std::byte> packed = encode(*codec, chunk, content.dtype);
        if (packed.empty()) {
          CHECK((codec == &io::constant_codec || (codec == &io::planes_codec && size_of(content.dtype) == 1)));
          continue;
        }
        Guarded back(chunk.size()), exact(packed.size()), tight(packed.size() - 1);
        REQUIRE(codec->decode(packed, content.dtype, back.span()) == nullptr);
        CHECK(equal(back.span(), chunk));
        CHECK(codec->encode(chunk, content.dtype, io::Preset::small, tight.span()) == 0);
        CHECK(codec->encode(chunk, content.dtype, io::Preset::small, exact.span()) <= packed.size());
        CHECK((back.intact() && tight.intact() && exact.intact()));
        CHECK(codec->can_hold(packed.size(), content.dtype, chunk.size()));
        CHECK((packed.size() > chunk.size() || io::is_possible(codec->id, packed.size(), chunk.size(), content.dtype)));

        const std::size_t element = size_of(content.dtype);
        Guarded small(chunk.size() - element), large(chunk.size() + element);
        // What is constant, a chunk or all planes of a block, tells nothing of its length.
        if (codec == &io::raw_codec || codec == &io::zstd_codec) {
          CHECK(codec->decode(packed, content.dtype, small.span()) != nullptr);
          CHECK(codec->decode(packed, content.dtype, large.span()) != nullptr);
        }
        std::vector<std::byte> longer = packed;
        longer.push_back(std::byte{0});
        CHECK(codec->decode(longer, content.dtype, back.span()) != nullptr);
        CHECK(codec->decode(std::span(packed).first(packed.size() - 1), content.dtype, back.span()) != nullptr);
        CHECK((small.intact() && large.intact()));
      }
    }
  }
}

TEST_CASE("Damaged chunks are refused or decode to something, within their room", "[io][codec]") {
  Draw draw;
  for (const Content& content : contents()) {
    const std::vector<std::byte> chunk = content.make(2048);
    Guarded back(chunk.size());
    for (const io::Codec* codec : all_codecs) {
      INFO(codec->name << ", " << content.name);
      const std::vector<std::byte> packed = encode(*codec, chunk, content.dtype);
      const bool sized = codec == &io::planes_codec || codec == &io::zstd_codec;
      for (std::size_t i = 0; i < packed.size(); ++i) {
        std::vector<std::byte> flipped = packed;
        flipped[i] ^= static_cast<std::byte>(1 + draw.below(255));
        codec->decode(flipped, content.dtype, back.span());
        if (sized) CHECK(codec->decode(std::span(packed).first(i), content.dtype, back.span()) != nullptr);
      }
      for (int i = 0; i < 100; ++i) {
        const auto noise = elements_of<std::uint8_t>(draw.below(3000), [&](auto) { return draw.bits(); });
        codec->decode(noise, content.dtype, back.span());
      }
      for (int code = 0; code < 256; ++code) codec->decode(packed, static_cast<DType>(code), back.span());
      CHECK(back.intact());
    }
  }
}

TEST_CASE("Sizes alone tell of many a chunk that its codec cannot have packed it", "[io][codec]") {
  constexpr std::uint64_t huge = ~std::uint64_t{0};
  struct Case {
    const io::Codec* codec;
    std::uint64_t stored;
    DType dtype;
    std::uint64_t decoded;
    bool possible;
  };
  for (const Case& c : {
           Case{&io::raw_codec, 8, DType::float32, 8, true},
           {&io::raw_codec, 7, DType::float32, 8, false},
           {&io::zstd_codec, 1, DType::float32, 32768, true},
           {&io::zstd_codec, 1, DType::float32, 32769, false},
           {&io::zstd_codec, 0, DType::float32, 1, false},
           {&io::zstd_codec, 100, DType::float32, huge, false},
           {&io::zstd_codec, huge / 16, DType::float32, huge, true},
           {&io::constant_codec, 4, DType::float32, 8, true},
           {&io::constant_codec, 4, DType::float32, std::uint64_t{1} << 40, true},
           {&io::constant_codec, 4, DType::float32, 4, false},
           {&io::constant_codec, 4, DType::float32, 9, false},
           {&io::constant_codec, 4, DType::float64, 64, false},
           {&io::constant_codec, 1, static_cast<DType>(99), 64, false},
           {&io::planes_codec, 10, DType::bfloat16, 262144, true},
           {&io::planes_codec, 9, DType::bfloat16, 262144, false},
           {&io::planes_codec, 19, DType::bfloat16, 262146, false},
           {&io::planes_codec, 20, DType::bfloat16, 262146, true},
           {&io::planes_codec, 100, DType::bfloat16, 262145, false},
           {&io::planes_codec, 100, DType::uint8, 200, false},
           {&io::planes_codec, 100, static_cast<DType>(99), 200, false},
           {&io::planes_codec, 1000, DType::float64, huge - 7, false},
       }) {
    INFO(c.codec->name << ": " << c.stored << " of " << c.decoded);
    CHECK(c.codec->can_hold(c.stored, c.dtype, c.decoded) == c.possible);
    CHECK(io::is_possible(c.codec->id, c.stored, c.decoded, c.dtype) == c.possible);
  }
  CHECK_FALSE(io::is_possible(0, 0, 0, DType::uint8));
  CHECK_FALSE(io::is_possible(1, 2000, 1000, DType::uint8));  // no writer stores more than the chunk
  CHECK(io::is_possible(99, 5, 1000, DType::uint8));          // who knows
}

TEST_CASE("Constant chunks are those whose elements have the same bytes", "[io][codec]") {
  const auto packs = [](std::vector<float> values) {
    const auto bytes = std::as_bytes(std::span(values));
    return encode(io::constant_codec, bytes, DType::float32).size();
  };
  const float nan = std::nanf("");
  CHECK(packs({0, 0, 0}) == 4);
  CHECK(packs({nan, nan}) == 4);
  CHECK(packs({0, -0.0f}) == 0);
  CHECK(packs({1, 1, 1, 1, 2}) == 0);
  CHECK(packs({1}) == 0);  // nothing saved
  const std::vector<std::byte> alternating = elements_of<float>(800, [](auto i) { return i % 2; });
  CHECK(encode(io::constant_codec, alternating, DType::float32).empty());
  CHECK(encode(io::constant_codec, alternating, DType::complex64).size() == 8);
}

TEST_CASE("zstd frames that lie are refused", "[io][codec]") {
  std::vector<std::byte> out(8);
  const auto decode = [&](std::initializer_list<int> values) {
    std::vector<std::byte> frame;
    for (const int value : values) frame.push_back(static_cast<std::byte>(value));
    return io::zstd_codec.decode(frame, DType::uint8, out);
  };
  CHECK(decode({}) != nullptr);
  CHECK(decode({1, 2, 3, 4, 5, 6, 7, 8, 9}) != nullptr);
  // One block of the byte 7, eight times; then the same lying about its size, without one, skippable, and twice.
  CHECK(decode({0x28, 0xb5, 0x2f, 0xfd, 0x20, 8, 0x43, 0, 0, 7}) == nullptr);
  CHECK(out == std::vector<std::byte>(8, std::byte{7}));
  CHECK(decode({0x28, 0xb5, 0x2f, 0xfd, 0x20, 9, 0x43, 0, 0, 7}) != nullptr);
  CHECK(decode({0x28, 0xb5, 0x2f, 0xfd, 0x20, 8, 0x4b, 0, 0, 7}) != nullptr);
  CHECK(decode({0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x43, 0, 0, 7}) != nullptr);
  CHECK(decode({0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0}) != nullptr);
  CHECK(decode({0x28, 0xb5, 0x2f, 0xfd, 0x20, 8, 0x43, 0, 0, 7, 0x28, 0xb5, 0x2f, 0xfd, 0x20, 8, 0x43, 0, 0, 7}) !=
        nullptr);
}
