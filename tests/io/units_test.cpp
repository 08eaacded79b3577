// The small parts: checksums, UTF-8, padding, what lies in blobs.
#include "catch.h"

#include <random>

#include "values.h"

#include <cairn/core/python_text.h>
#include <cairn/io/blobs.h>
#include <cairn/io/checksum.h>
#include <cairn/io/format.h>
#include <cairn/io/output.h>

using namespace cairn;

namespace {

std::vector<std::byte> noise(std::size_t size) {
  std::mt19937 random(5);
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

}  // namespace

TEST_CASE("The hash is XXH3-128, and a checksum is bound to its place", "[io][checksum]") {
  // The published test vectors of XXH3: nothing at all, and one byte of zero.
  CHECK(io::hash({}) == io::Hash{0x6001c324468d497f, 0x99aa06d3014798d8});
  const std::vector<std::byte> zero(1);
  CHECK(io::hash(zero) == io::Hash{0xc44bdff4074eecdb, 0xa6cd5e9392000f6a});
  CHECK(io::checksum(zero) == 0xc44bdff4074eecdb);
  // splitmix64, spelled out for (generation 1, blob 2, chunk 3).
  std::uint64_t x = 0x200000003 ^ 0x9e3779b97f4a7c15;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  CHECK(io::scramble(1, 2, 3) == (x ^ x >> 31));
  CHECK(io::scramble(1, 2, 3) != io::scramble(1, 3, 2));
  CHECK(io::scramble(1, 2, 3) != io::scramble(2, 2, 3));
}

TEST_CASE("UTF-8 is told from what is not", "[io][utf8]") {
  for (const char* right : {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                            "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
    CHECK(is_utf8(right));
  CHECK(is_utf8(std::string_view("a\0b", 3)));
  for (const char* wrong : {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xed\xa0\x80",
                            "\xe1\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xfe"})
    CHECK_FALSE(is_utf8(wrong));
  for (std::size_t before = 0; before < 18; ++before) {
    const std::string text(before, 'a'), rest(5, 'z');
    CHECK(is_utf8(text + "\xf4\x8f\xbf\xbf" + rest));
    CHECK_FALSE(is_utf8(text + "\xbf" + rest));
    CHECK_FALSE(is_utf8(text + "\xf4\x8f\xbf"));
  }
}

TEST_CASE("Blobs are aligned by size, at no more than a sixteenth of it", "[io][format]") {
  CHECK(io::run_alignment(0, true) == 8);
  CHECK(io::run_alignment(1 << 20, false) == 8);
  CHECK(io::run_alignment(127, true) == 8);
  CHECK(io::run_alignment(1024, true) == 64);
  CHECK(io::run_alignment(65536, true) == 4096);
  CHECK(io::run_alignment(1 << 20, true) == 65536);
  CHECK(io::run_alignment(std::uint64_t{1} << 40, true) == 65536);
}

TEST_CASE("An output hands on whole pieces, in order", "[io][output]") {
  struct Collector final : io::Sink {
    void write(std::span<const std::byte>) override { FAIL("not as parts"); }
    void write_parts(std::span<const std::span<const std::byte>> parts) override {
      for (const auto part : parts) all.insert(all.end(), part.begin(), part.end());
      ends.push_back(all.size());
    }
    std::vector<std::size_t> ends;
    std::vector<std::byte> all;
  };
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    const std::size_t piece = std::size_t{1} << random() % 7, start = random() % 100;
    Collector sink;
    io::Output out(sink, piece, start);
    const std::vector<std::byte> bytes = noise(random() % 500);
    std::vector<std::byte> expected;
    for (std::size_t done = 0; done < bytes.size();) {
      const std::size_t size = std::min<std::size_t>(random() % 90, bytes.size() - done);
      const auto part = std::span(bytes).subspan(done, size);
      random() % 3 == 0 ? out.write(part) : out.write_lasting(part);
      expected.insert(expected.end(), part.begin(), part.end());
      done += size;
      if (random() % 4 == 0) out.settle();
      if (random() % 8 == 0) {
        out.pad_to(out.position() + random() % 40);
        expected.resize(out.position() - start);
      }
      CHECK(out.position() == start + expected.size());
    }
    out.flush();
    CHECK(sink.all == expected);
    for (std::size_t i = 0; i + 1 < sink.ends.size(); ++i) CHECK((start + sink.ends[i]) % piece == 0);
  }
}

TEST_CASE("Blobs are the union of what tensors reach", "[io][blobs]") {
  const Tensor base = numbered({100}), other = numbered({7});
  const std::vector<Tensor> tensors{base.narrow(0, 50, 10), other,
                                    base.narrow(0, 10, 5),  base.narrow(0, 12, 10),
                                    base.narrow(0, 60, 2),  base.narrow(0, 3, 0)};
  const io::BlobPlan plan = io::plan_blobs(tensors);
  REQUIRE(plan.blobs.size() == 2);
  CHECK(plan.blob_of == std::vector<std::uint32_t>{0, 1, 0, 0, 0, 0});
  CHECK(plan.offset_of ==
        std::vector<std::uint64_t>{12, 0, 0, 2, 22, 0});  // [10, 22) and [50, 62), one behind the other
  CHECK(plan.blobs[0].size == 24 * 4);
  CHECK(plan.total == 31 * 4);
  io::Buffer scratch;
  const auto bytes = plan.bytes(0, 8 * 4, 8 * 4, scratch);
  const auto* numbers = reinterpret_cast<const float*>(bytes.data());
  const auto expected = base.data<float>();
  CHECK(numbers[0] == expected[18]);
  CHECK(numbers[3] == expected[21]);
  CHECK(numbers[4] == expected[50]);
}
