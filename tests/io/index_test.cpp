// Indexes made to mislead: checksums right, content wrong. Each is refused, with the reason, before anything is
// allocated from what it says.
#include "catch.h"

#include "forge.h"
#include "values.h"

#include <cairn/io.h>

using namespace cairn;
using forge::Parts;

namespace {

Bytes two_tensors() {
  return io::save_to_memory({{"a", numbered({2, 3})}, {"b", numbered({4}, DType::int64)}, {"n", 1}},
                            {.preset = io::Preset::none});
}

void refuse(const std::function<void(Parts&)>& edit, const std::string& what) {
  INFO(what);
  const Bytes file = forge::change(two_tensors(), edit);
  CHECK_THROWS_WITH(io::open_memory(file.data), Catch::Matchers::Contains(what));
  CHECK_THROWS_AS(io::open_memory(file.data), FormatError);
  const std::vector<io::Damage> damages = io::verify(io::memory_source(file));
  REQUIRE(damages.size() >= 1);
  CHECK_THAT(damages[0].found, Catch::Matchers::Contains(what));
}

}  // namespace

TEST_CASE("A file taken apart and put together is the same file", "[io][index]") {
  CHECK(forge::put_together(forge::take_apart(two_tensors())) == two_tensors());
  CHECK(forge::put_together(forge::take_apart(io::save_to_memory(large_checkpoint()))) ==
        io::save_to_memory(large_checkpoint()));
}

TEST_CASE("Headers of another version or with unknown features are refused by name", "[io][index]") {
  const auto open = [](const Bytes& file) { return io::open_memory(file.data); };
  CHECK_THROWS_WITH(open(forge::change(two_tensors(), [](Parts& p) { p.header.version = 2; })),
                    Catch::Matchers::Contains("the file has version 2, but this Cairn reads version 1 only"));
  CHECK_THROWS_WITH(open(forge::change(two_tensors(), [](Parts& p) { p.commit.required_features = 6; })),
                    Catch::Matchers::Contains("needs feature 1, which this Cairn does not know"));
  CHECK_NOTHROW(open(forge::change(two_tensors(), [](Parts& p) { p.commit.optional_features = 0xffff; })));
  CHECK_THROWS_WITH(open(forge::change(two_tensors(), [](Parts& p) { p.header.zero[20] = 1; })),
                    Catch::Matchers::Contains("must be zero"));
  CHECK_THROWS_WITH(open(forge::change(two_tensors(), [](Parts& p) { p.commit.generation = 2; })),
                    Catch::Matchers::Contains("commit record: it is damaged"));
}

TEST_CASE("A file of another version is not called damaged", "[io][index]") {
  const Bytes file = forge::change(two_tensors(), [](Parts& p) { p.header.version = 2; });
  CHECK_THROWS_WITH(io::verify(io::memory_source(file)), Catch::Matchers::Contains("the file has version 2"));
}

TEST_CASE("Counts that the bytes cannot hold are refused", "[io][index]") {
  refuse([](Parts& p) { p.counts.tensor_count = 0xffffffff; }, "number of tensors");
  refuse([](Parts& p) { p.counts.tensor_count = 1u << 23; }, "tensor records");
  refuse([](Parts& p) { p.counts.blob_count = 0xffffffff; }, "blob records");
  refuse([](Parts& p) { p.counts.dimension_count = 0xffffffff; }, "dimensions");
  refuse([](Parts& p) { p.counts.tree_size = UINT64_MAX; }, "tree");
  refuse([](Parts& p) { p.counts.tree_size = std::uint64_t{1} << 63; }, "tree");
  refuse([](Parts& p) { p.counts.location_size = 0xffffffff; }, "location");
  refuse([](Parts& p) { p.placement.chunk_count = 0xffffffff; }, "chunk records");
}

TEST_CASE("Tensors that leave their blob are refused", "[io][index]") {
  refuse([](Parts& p) { p.tensors[0].offset = 1; }, "tensor 0 reaches 7 elements into its blob, which has 6");
  refuse([](Parts& p) { p.tensors[0].offset = UINT64_MAX; }, "larger than any memory");
  refuse([](Parts& p) { p.dimensions[0] = INT64_MAX; }, "larger than any memory");
  refuse(
      [](Parts& p) {
        p.dimensions[0] = 0;
        p.dimensions[1] = std::int64_t{1} << 61;  // of 4 bytes: what no tensor can have, though this one be empty
      },
      "larger than any memory");
  refuse([](Parts& p) { p.dimensions[0] = -2; }, "extent of -2");
  refuse([](Parts& p) { p.dimensions[0] = 3; }, "reaches 9 elements");
  refuse([](Parts& p) { p.tensors[0].rank = 65; }, "rank of a tensor");
  refuse([](Parts& p) { p.tensors[0].rank = 3; }, "reaches 24 elements");
  refuse([](Parts& p) { p.tensors[1].rank = 2; }, "they end before tensor 1");
  refuse([](Parts& p) { p.tensors[0].flags = 8; }, "unknown bits");
  refuse([](Parts& p) { p.tensors[1].flags = 1; }, "requires a gradient");
  refuse([](Parts& p) { p.tensors[0].blob = 1; }, "blob of a tensor");
  refuse([](Parts& p) { p.tensors[1].blob = 0; }, "there are 2, but 1 are used");
  refuse([](Parts& p) { p.tensors[0].location = 1; }, "location of a tensor");
  refuse(
      [](Parts& p) {  // row-major strides spelled out
        p.tensors[0].flags = 4;
        p.dimensions.insert(p.dimensions.begin() + 2, {3, 1});
        p.counts.dimension_count += 2;
      },
      "must not be given");
  refuse(
      [](Parts& p) {
        p.tensors[0].flags = 4;
        p.dimensions.insert(p.dimensions.begin() + 2, {INT64_MAX, 1});
        p.counts.dimension_count += 2;
      },
      "larger than any memory");
}

TEST_CASE("Blobs and chunks that overlap, leave holes or lie elsewhere are refused", "[io][index]") {
  refuse([](Parts& p) { p.blob_records[0].dtype = 200; }, "dtype of a blob");
  refuse([](Parts& p) { p.blob_records[0].size = 23; }, "no whole number");
  refuse([](Parts& p) { p.blob_records[0].size = std::uint64_t{1} << 62; }, "see Limits::decoded_size");
  refuse([](Parts& p) { p.blob_records[0].zero[6] = 1; }, "must be zero");
  refuse([](Parts& p) { p.chunks[1].offset = p.chunks[0].offset; },
         "chunk 0 of blob 1 is said to lie at byte 64, but must");
  refuse([](Parts& p) { p.chunks[0].offset += 8; }, "chunk 0 of blob 0 is said to lie at byte 72, but must at 64");
  refuse([](Parts& p) { p.chunks[0].offset = UINT64_MAX; }, "chunk 0 of blob 0 is said to lie");
  refuse([](Parts& p) { p.chunks[0].offset = 0; }, "in no generation");
  refuse([](Parts& p) { p.chunks[0].offset = 63; }, "in no generation");
  refuse([](Parts& p) { p.chunks[0].stored = 23; }, "size of a chunk");
  refuse([](Parts& p) { p.chunks[0].stored = 0; }, "size of a chunk");
  refuse([](Parts& p) { p.chunks[0].codec = 1, p.chunks[0].stored = 0xffffffff; }, "size of a chunk");
  refuse([](Parts& p) { p.chunks[0].zero[1] = 1; }, "must be zero");
  refuse([](Parts& p) { p.placement.chunk_size = 0; }, "chunk size");
  refuse([](Parts& p) { p.placement.chunk_size = 3 << 20; }, "chunk size");
  refuse([](Parts& p) { p.chunks.push_back(p.chunks[0]), ++p.placement.chunk_count; }, "chunk records");
  refuse([](Parts& p) { p.blobs.resize(p.blobs.size() + 64); }, "placement of the index");
}

TEST_CASE("A chunk that announces more than its frame can hold is no reason to allocate", "[io][index]") {
  refuse(
      [](Parts& p) {
        p.blob_records[1].size = 4096 * 1024;
        p.dimensions[2] = 4096 * 128;
        p.chunks[1] = {.offset = 88, .stored = 31, .codec = 1};
        for (int i = 0; i < 3; ++i) p.chunks.push_back(p.chunks[1]);
        p.placement.chunk_count = 5;
      },
      "size of a chunk");
}

TEST_CASE("An unknown codec is an error of the tensors that use it, not of the file", "[io][index]") {
  const Bytes file = forge::change(two_tensors(), [](Parts& p) { p.chunks[1].codec = 77; });
  const Value value = io::open_memory(file.data);
  CHECK(same(materialize(value["a"]), Value(numbered({2, 3}))));
  CHECK_THROWS_WITH(materialize(value["b"]),
                    Catch::Matchers::Contains("chunk 0 of \"b\"") && Catch::Matchers::Contains("codec 77"));
}

TEST_CASE("Chunks in each other's place are found", "[io][index]") {
  const Bytes file = io::save_to_memory(List{full({1 << 18}, 1.0), full({1 << 18}, 2.0)}, {.preset = io::Preset::none});
  Parts parts = forge::take_apart(file);
  const auto first = static_cast<std::ptrdiff_t>(parts.chunks[0].offset - sizeof(io::Header));
  const auto second = static_cast<std::ptrdiff_t>(parts.chunks[1].offset - sizeof(io::Header));
  std::swap_ranges(parts.blobs.begin() + first, parts.blobs.begin() + first + (1 << 20), parts.blobs.begin() + second);
  CHECK(io::verify(io::memory_source(forge::put_together(parts))).size() == 2);
  std::swap(parts.chunks[0].checksum, parts.chunks[1].checksum);  // and their checksums with them
  CHECK(io::verify(io::memory_source(forge::put_together(parts))).size() == 2);
  CHECK_THROWS_AS(io::load_memory(forge::put_together(parts).data), FormatError);
}

TEST_CASE("The limits of a reader are the caller's", "[io][index]") {
  const Bytes file = io::save_to_memory(large_checkpoint());
  const auto refuse_limit = [&](io::Limits limits, const std::string& what) {
    INFO(what);
    CHECK_THROWS_WITH(io::open_memory(file.data, {.limits = limits}), Catch::Matchers::Contains(what));
  };
  refuse_limit({.index_size = 100}, "index");
  refuse_limit({.tensors = 3}, "Limits::tensors");
  refuse_limit({.values = 10}, "Limits::values");
  refuse_limit({.key_size = 4}, "Limits::key_size");
  refuse_limit({.rank = 1}, "Limits::rank");
  refuse_limit({.depth = 2}, "Limits::depth");
  refuse_limit({.decoded_size = 1 << 20}, "Limits::decoded_size");
  const Bytes large_chunks = io::save_to_memory(1, {.chunk_size = 64 << 20});
  CHECK_NOTHROW(io::open_memory(large_chunks.data));
  CHECK_THROWS_WITH(io::open_memory(large_chunks.data, {.limits = {.chunk_size = 1 << 20}}),
                    Catch::Matchers::Contains("chunk size"));
}
