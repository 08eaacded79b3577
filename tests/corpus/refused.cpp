// What must be refused, and why: each MUST of FORMAT.md, every section cut short and with bits flipped, other formats.
#include "corpus.h"

#include <array>
#include <functional>

#include "forge_codecs.h"
#include "temporary_folder.h"
#include "values.h"

#include <cairn/core/core.h>
#include <cairn/io/io.h>

namespace corpus {

using namespace cairn;
using forge::Chunk;
using forge::Parts;

namespace {

const io::SaveOptions unpacked{.preset = io::Preset::none,
                               .attributes = {.file = {{"a", 1}}, .tensors = {{"b", {{"unit", "V"}}}}}};

/// Two tensors, a number, attributes.
Bytes base() {
  return io::save_to_memory(Dict{{"a", numbered({2, 3})}, {"b", numbered({4}, DType::int64)}, {"n", 1}}, unpacked);
}

class Cases {
 public:
  void add(const std::string& name, const std::string& why, Bytes bytes, const std::string& verdict = "refused") {
    cases.push_back({name, verdict, why, std::move(bytes)});
  }

  /// Sealed again, so that nothing is wrong but what was changed.
  void change(const std::string& name, const std::string& why, const std::function<void(Parts&)>& edit) {
    add(name, why, forge::change(base(), edit));
  }

  /// Another tree in place of the base's, for no tensors.
  void tree(const std::string& name, const std::string& why, std::vector<int> bytes) {
    const Bytes file = io::save_to_memory(1, {.preset = io::Preset::none});
    add("tree-" + name, why,
        forge::change(file, [&](Parts& parts) { set(parts.tree, parts.counts.tree_size, bytes); }));
  }

  void attributes(const std::string& name, const std::string& why, std::vector<int> bytes) {
    change("attributes-" + name, why,
           [&](Parts& parts) { set(parts.attributes, parts.counts.attributes_size, bytes); });
  }

  /// One tensor whose chunk holds `stored` in this codec.
  void chunk(const std::string& name, const std::string& why, const Tensor& tensor, std::uint8_t codec, Chunk stored) {
    add("codec-" + name, why, forge::packed_as(List{tensor}, std::array{forge::Stored{codec, std::move(stored)}}));
  }

  std::vector<Case> cases;

 private:
  static void set(std::vector<std::byte>& section, std::uint64_t& size, const std::vector<int>& bytes) {
    section.clear();
    for (const int byte : bytes) section.push_back(static_cast<std::byte>(byte));
    size = section.size();
  }
};

Bytes bytes_of(std::string_view text) {
  const auto span = std::as_bytes(std::span(text));
  return {{span.begin(), span.end()}};
}

void add_other_formats(Cases& to) {
  using namespace std::string_view_literals;
  to.add("format-empty", "a file of no bytes", Bytes{});
  to.add("format-zip", "a zip archive, as .pth files are", bytes_of("PK\x03\x04 archive/data.pkl"));
  to.add("format-pickle", "a Python pickle", bytes_of("\x80\x02}q\0X\5\0\0\0modelq\1."sv));
  to.add("format-safetensors", "a safetensors file",
         bytes_of("\x40\0\0\0\0\0\0\0{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}    \0\0\x80?"sv));
  to.add("format-html", "a page that says that the file is elsewhere",
         bytes_of("<!DOCTYPE html><html>Not found</html>"));
  to.add("format-lfs", "a Git LFS pointer", bytes_of("version https://git-lfs.github.com/spec/v1\noid sha256:00\n"));
  to.add("format-npy", "a numpy file", bytes_of("\x93NUMPY\1\0v\0{'descr': '<f4', 'shape': (1,)}"sv));
  to.add("format-gzip", "a gzip file", bytes_of("\x1f\x8b\x08\0\0\0\0\0"sv));
  to.add("format-zeros", "zeros only: a file that was never written", Bytes{std::vector<std::byte>(4096)});
  Bytes text = base();
  text.data.erase(text.data.begin() + 4);  // \r\n became \n
  to.add("format-text-mode", "a transfer in text mode took a byte of the magic", text);
  Bytes stripped = base();
  for (std::byte& byte : stripped.data) byte &= std::byte{0x7f};
  to.add("format-seven-bits", "a transfer took the top bits", stripped);
}

void add_damages(Cases& to) {
  const Bytes file = base();
  const Parts parts = forge::take_apart(file);
  const std::uint64_t index = parts.commit.index_offset, end = file.data.size();
  const std::uint64_t tensors = index + 32, dimensions = tensors + 32, blobs = dimensions + 24;
  const std::uint64_t locations = blobs + 64, tree = locations + parts.locations.size();
  const std::uint64_t attributes = tree + parts.tree.size();
  const std::uint64_t table = end - 72, chunks = table - 48, placement = chunks - 8;
  const struct {
    const char* section;
    std::uint64_t at;
  } sections[] = {
      {"header-magic", 3},
      {"header-version", 8},
      {"header-zero", 20},
      {"header-checksum", 60},
      {"chunk-0", 64},
      {"chunk-1", 88},
      {"padding", index - 1},
      {"counts", index},
      {"tensor-records", tensors},
      {"dimensions", dimensions},
      {"blob-records", blobs + 8},
      {"locations", locations + 1},
      {"tree", tree + 3},
      {"attributes", attributes + 3},
      {"placement", placement},
      {"chunk-records", chunks + 8},
      {"table", table},
      {"commit-magic", end - 64},
      {"commit-generation", end - 56},
      {"commit-begin", end - 48},
      {"commit-index", end - 40},
      {"commit-digest", end - 20},
      {"commit-checksum", end - 1},
  };
  for (const auto& [section, at] : sections) {
    Bytes damaged = file;
    damaged.data[at] ^= std::byte{4};
    to.add(std::string("flip-") + section, std::string("a flipped bit: ") + section, damaged);
  }
  const struct {
    const char* section;
    std::uint64_t size;
  } cuts[] = {{"header-1", 1},      {"header", 63},           {"behind-header", 64},     {"chunks", 100},
              {"index", index},     {"content", tensors + 5}, {"tree", tree + 5},        {"placement", placement + 4},
              {"table", table + 4}, {"commit", end - 64},     {"commit-half", end - 32}, {"commit-1", end - 1}};
  for (const auto& [section, size] : cuts) {
    Bytes cut = file;
    cut.data.resize(size);
    to.add(std::string("cut-") + section, std::string("cut off in: ") + section, cut);
  }
  Bytes twice = file;
  twice.data.insert(twice.data.end(), file.data.begin(), file.data.end());
  to.add("commit-moved", "a second container behind the first: its record is bound to another offset", twice);
  Bytes swapped = file;
  std::swap_ranges(swapped.data.begin() + 64, swapped.data.begin() + 64 + 24, swapped.data.begin() + 88);
  to.add("chunks-swapped", "two chunks in each other's place", swapped);
}

void add_commits(Cases& to) {
  to.change("header-version-2", "a version that is not known", [](Parts& p) { p.header.version = 2; });
  to.change("header-not-zero", "bytes of the header that must be zero", [](Parts& p) { p.header.zero[43] = 1; });
  to.change("commit-required-feature", "a required feature", [](Parts& p) { p.commit.required_features = 1; });
  to.change("commit-required-feature-15", "a required feature", [](Parts& p) { p.commit.required_features = 0x8000; });
  to.change("commit-generation-0", "generation 0", [](Parts& p) { p.commit.generation = 0; });
  to.change("commit-generation-2", "generation 2 at the beginning", [](Parts& p) { p.commit.generation = 2; });
  to.change("commit-begin-0", "a generation that begins in the header", [](Parts& p) { p.commit.begin = 0; });
  to.change("commit-begin-128", "generation 1 not behind the header", [](Parts& p) { p.commit.begin = 128; });
  to.change("commit-begin-odd", "a generation that begins at no multiple of 64",
            [](Parts& p) { p.commit.generation = 2, p.commit.begin = 72; });
  const auto edit_record = [&](const std::string& name, const std::string& why, auto edit) {
    Bytes file = base();
    const std::size_t at = file.data.size() - sizeof(io::CommitRecord);
    auto record = forge::get<io::CommitRecord>(file.data, at);
    edit(record);
    io::seal(record, at);
    forge::put(file.data, at, record);
    to.add(name, why, file);
  };
  using Record = io::CommitRecord;
  edit_record("commit-index-behind", "an index behind its record", [](Record& r) { r.index_offset += 1 << 20; });
  edit_record("commit-index-huge", "an offset of the index that overflows", [](Record& r) { r.index_offset = ~7ull; });
  edit_record("commit-index-odd", "an index at no multiple of 8", [](Record& r) { r.index_offset += 4; });
  edit_record("commit-index-before", "an index that begins in the header", [](Record& r) { r.index_offset = 8; });
  edit_record("commit-index-short", "an index too short for its table", [](Record& r) { r.index_offset += 8; });
  edit_record("commit-index-checksum", "a table of another checksum", [](Record& r) { r.index_checksum ^= 1; });
  edit_record("commit-root-digest", "a root digest that does not fit", [](Record& r) { r.root_digest.high ^= 1; });
}

void add_contents(Cases& to) {
  const auto count = [&](const std::string& name, auto set) {
    to.change("count-" + name, "a count that the bytes cannot hold", [&](Parts& p) { set(p.counts); });
  };
  using Counts = io::ContentHeader;
  count("tensors", [](Counts& c) { c.tensor_count = 1u << 23; });
  count("tensors-limit", [](Counts& c) { c.tensor_count = UINT32_MAX; });
  count("blobs", [](Counts& c) { c.blob_count = UINT32_MAX; });
  count("dimensions", [](Counts& c) { c.dimension_count = UINT32_MAX; });
  count("locations", [](Counts& c) { c.location_size = UINT32_MAX; });
  count("tree", [](Counts& c) { c.tree_size = UINT64_MAX; });
  count("tree-sum", [](Counts& c) { c.tree_size = UINT64_MAX - 100; });
  count("attributes", [](Counts& c) { c.attributes_size = 1ull << 63; });
  to.change("count-chunks", "a count that the bytes cannot hold",
            [](Parts& p) { p.placement.chunk_count = UINT32_MAX; });

  const auto tensor = [&](const std::string& name, const std::string& why, auto edit) {
    to.change("tensor-" + name, why, edit);
  };
  tensor("offset", "elements beyond the blob", [](Parts& p) { p.tensors[0].offset = 1; });
  tensor("offset-overflow", "an offset of 2^64 - 1", [](Parts& p) { p.tensors[0].offset = UINT64_MAX; });
  tensor("extent", "more elements than the blob has", [](Parts& p) { p.dimensions[0] = 3; });
  tensor("extent-negative", "a negative extent", [](Parts& p) { p.dimensions[0] = -2; });
  tensor("extent-overflow", "extents whose product overflows", [](Parts& p) { p.dimensions[0] = INT64_MAX; });
  tensor("rank-65", "65 dimensions", [](Parts& p) { p.tensors[0].rank = 65; });
  tensor("rank-more", "more dimensions than there are", [](Parts& p) { p.tensors[1].rank = 2; });
  tensor("rank-fewer", "dimensions that no tensor has", [](Parts& p) { p.tensors[1].rank = 0; });
  tensor("flags", "an unknown flag", [](Parts& p) { p.tensors[0].flags = 8; });
  tensor("gradient-of-integers", "whole numbers that require a gradient", [](Parts& p) { p.tensors[1].flags = 1; });
  tensor("blob-order", "blobs not numbered as they are met",
         [](Parts& p) { p.tensors[0].blob = 1, p.tensors[1].blob = 0; });
  tensor("blob-none", "a blob that is not there", [](Parts& p) { p.tensors[1].blob = 2; });
  tensor("blob-unused", "a blob that no tensor refers to", [](Parts& p) { p.tensors[1].blob = 0; });
  tensor("location-none", "a location that is not there", [](Parts& p) { p.tensors[1].location = 1; });
  const auto strides = [&](const std::string& name, const std::string& why, std::array<std::int64_t, 2> given) {
    tensor(name, why, [given](Parts& p) {
      p.tensors[0].flags = io::flag_strided;
      p.dimensions.insert(p.dimensions.begin() + 2, given.begin(), given.end());
      p.counts.dimension_count += 2;
    });
  };
  strides("strides-row-major", "row-major strides given", {3, 1});
  strides("strides-negative", "a negative stride", {3, -1});
  strides("strides-beyond", "strides that lead beyond the blob", {4, 1});
  strides("strides-overflow", "strides whose sum overflows", {INT64_MAX, 2});
  tensor("empty-overflow", "no elements, but extents that overflow", [](Parts& p) {
    p.tensors[0].rank = 3;
    p.dimensions = {0, INT64_MAX, 4, 4};
    p.counts.dimension_count = 4;
  });
  tensor("empty-large", "no elements, but extents of more than 2^62 bytes", [](Parts& p) {
    p.tensors[0].rank = 3;
    p.dimensions = {0, INT64_MAX / 4, 2, 4};
    p.counts.dimension_count = 4;
  });
  tensor("empty-offset", "no elements, at an offset beyond the blob",
         [](Parts& p) { p.dimensions[0] = 0, p.tensors[0].offset = 7; });

  const auto blob = [&](const std::string& name, const std::string& why, auto edit) {
    to.change("blob-" + name, why, [&](Parts& p) { edit(p.blob_records[0]); });
  };
  using Blob = io::BlobRecord;
  blob("dtype", "a dtype that is not known", [](Blob& b) { b.dtype = 13; });
  blob("not-zero", "bytes that must be zero", [](Blob& b) { b.zero[6] = 1; });
  blob("size-odd", "no whole number of elements", [](Blob& b) { b.size = 23; });
  blob("size-limit", "more bytes than a reader takes", [](Blob& b) { b.size = 1ull << 62; });
  blob("size-larger", "more chunks than there are records", [](Blob& b) { b.size = 1 << 21; });
  blob("digest", "a digest that does not fit", [](Blob& b) { b.digest.low ^= 1; });

  const auto locations = [&](const std::string& name, const std::string& why, std::string_view bytes) {
    to.change("location-" + name, why, [&](Parts& p) {
      p.locations = bytes_of(bytes).data;
      p.counts.location_size = static_cast<std::uint32_t>(bytes.size());
    });
  };
  using namespace std::string_view_literals;
  locations("twice", "a location twice", "\3cpu\3cpu");
  locations("unused", "a location that no tensor refers to", "\3cpu\3gpu");
  locations("not-utf8", "a location that is not UTF-8", "\3c\xffu");
  locations("longer", "a location that is longer than all", "\4cpu");
  locations("none", "no location", "");
  locations("too-long", "a location of more than 4096 bytes", "\x81\x20" + std::string(4097, 'x'));
  locations("long-count", "a count not in its shortest form", "\x83\0cpu"sv);
}

void add_placements(Cases& to) {
  const auto chunk = [&](const std::string& name, const std::string& why, auto edit) {
    to.change("chunk-" + name, why, [&](Parts& p) { edit(p.chunks[1]); });
  };
  using Record = io::ChunkRecord;
  chunk("overlap", "a chunk in the place of another", [](Record& c) { c.offset = 64; });
  chunk("hole", "a hole before a chunk", [](Record& c) { c.offset += 8; });
  chunk("offset-overflow", "an offset of 2^64 - 1", [](Record& c) { c.offset = UINT64_MAX; });
  chunk("in-header", "a chunk in the header", [](Record& c) { c.offset = 0; });
  chunk("stored-0", "a chunk of no bytes", [](Record& c) { c.stored = 0; });
  chunk("stored-more", "a chunk that is larger packed", [](Record& c) { c.codec = 1, c.stored = 33; });
  chunk("stored-less", "a raw chunk of another size", [](Record& c) { c.stored = 31; });
  chunk("stored-overflow", "stored bytes beyond the file", [](Record& c) { c.codec = 1, c.stored = UINT32_MAX; });
  chunk("codec-unknown", "a codec that is not known", [](Record& c) { c.codec = 200; });
  chunk("not-zero", "bytes that must be zero", [](Record& c) { c.zero[2] = 1; });
  chunk("checksum", "a checksum that does not fit", [](Record& c) { c.checksum ^= 1ull << 63; });
  const auto sizes = [&](const std::string& name, std::uint32_t size) {
    to.change("chunk-size-" + name, "a chunk size that is none of those allowed",
              [&](Parts& p) { p.placement.chunk_size = size; });
  };
  sizes("0", 0);
  sizes("small", 1 << 19);
  sizes("large", 128u << 20);
  sizes("odd", 3 << 20);
  to.change("chunk-records-more", "a chunk record that no blob needs", [](Parts& p) {
    p.chunks.push_back(p.chunks[1]);
    ++p.placement.chunk_count;
  });
  to.change("chunk-records-fewer", "a chunk record missing", [](Parts& p) {
    p.chunks.pop_back();
    --p.placement.chunk_count;
  });
  to.change("index-hole", "bytes between the chunks and the index",
            [](Parts& p) { p.blobs.resize(p.blobs.size() + 64); });
  to.change("padding-not-zero", "padding before the index", [](Parts& p) { p.blobs.push_back(std::byte{1}); });
  const Bytes aligned = io::save_to_memory(List{numbered({3}), numbered({256})}, {.preset = io::Preset::none});
  Bytes dirty = aligned;
  dirty.data[64 + 13] = std::byte{1};
  to.add("padding-between-chunks", "padding before an aligned chunk", dirty);
  to.add("index-trailing", "bytes behind the placement", [] {
    Parts parts = forge::take_apart(base());
    parts.chunks.emplace_back();  // its count is not told
    return forge::put_together(parts);
  }());
}

/// A state appended, all of whose chunks are carried.
Bytes appended(const Bytes& file) {
  const TemporaryFolder folder;
  const std::string path = folder.file("appended.cairn");
  write_file(path, {reinterpret_cast<const char*>(file.data.data()), file.data.size()});
  io::append(path, io::load_memory(file.data), unpacked);
  return bytes_of(read_file(path));
}

void add_generations(Cases& to) {
  const Bytes one = base(), two = appended(one), three = appended(two);
  const auto change_second = [&](const std::string& name, const std::string& why, auto edit) {
    to.add("generation-" + name, why, forge::change(two, edit));
  };
  change_second("chunk-in-header", "an older chunk in the header", [](Parts& p) { p.chunks[0].offset = 32; });
  change_second("chunk-across", "an older chunk that reaches into this generation",
                [](Parts& p) { p.chunks[0].offset = p.commit.begin - 8; });
  change_second("chunk-elsewhere", "an older chunk that lies elsewhere", [](Parts& p) { p.chunks[0].offset += 8; });
  change_second("chunk-not-bound", "an older chunk with the checksum of its own generation",
                [](Parts& p) { p.chunks[0].checksum ^= io::scramble(1, 0, 0) ^ io::scramble(2, 0, 0); });
  change_second("required-feature", "a feature that only the newest state requires",
                [](Parts& p) { p.commit.required_features = 4; });
  for (const std::size_t byte : {0, 7, 8, 56}) {
    Bytes file = two;
    file.data[file.data.size() - 64 + byte] ^= std::byte{1};
    to.add("generation-record-damaged-" + std::to_string(byte),
           "a damaged last record: to go back would pass an older state for the newest", file);
  }
  Bytes file = two;
  file.data.erase(file.data.begin() + 64, file.data.begin() + 128);
  to.add("generation-moved", "64 bytes taken out: the records are bound to other offsets", file);
  file = two;
  file.data[one.data.size() - 20] ^= std::byte{1};
  to.add("generation-record-missing", "the older state's record is damaged", file, "readable");
  to.add("generation-skipped", "no state of the number below",
         forge::change(two,
                       [](Parts& p) {
                         for (std::uint32_t blob = 0; blob < p.chunks.size(); ++blob)
                           p.chunks[blob].checksum ^= io::scramble(2, blob, 0) ^ io::scramble(3, blob, 0);
                         p.commit.generation = 3;
                       }),
         "readable");
  const auto with_older = [&](const std::string& name, const std::string& why, auto edit) {
    Bytes older = forge::change(two, edit);
    older.data.insert(older.data.end(), three.data.begin() + static_cast<std::ptrdiff_t>(two.data.size()),
                      three.data.end());
    to.add("generation-older-" + name, why, older, "readable");
  };
  with_older("digest", "an older state that tells another digest of the same chunks",
             [](Parts& p) { p.blob_records[0].digest.low ^= 1; });
  with_older("checksum", "an older state that tells another checksum of the same chunk",
             [](Parts& p) { p.chunks[0].checksum ^= 1; });
  with_older("tree", "an older state whose tree holds an unknown kind", [](Parts& p) { p.tree[0] = std::byte{15}; });
  with_older("attributes", "an older state whose attributes are none",
             [](Parts& p) { std::fill(p.attributes.begin(), p.attributes.end(), std::byte{0}); });
}

void add_trees(Cases& to) {
  to.tree("nothing", "no value", {});
  to.tree("kind", "an unknown kind", {15});
  to.tree("trailing", "bytes behind the value", {0, 0});
  to.tree("short-integer", "half an integer", {3, 1, 0, 0});
  to.tree("short-text", "a text longer than what is there", {7, 5, 'a'});
  to.tree("text-not-utf8", "a text that is not UTF-8", {7, 2, 0xc3, 0x28});
  to.tree("text-surrogate", "a surrogate in UTF-8", {7, 3, 0xed, 0xa0, 0x80});
  to.tree("text-huge", "a text of 2^64 - 1 bytes", {7, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1});
  to.tree("count-long", "a count not in its shortest form", {9, 0x80, 0});
  to.tree("count-overflow", "a count of more than 64 bits", {9, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2});
  to.tree("list-huge", "a list longer than what is there", {9, 0xff, 0xff, 3});
  to.tree("big-integer-small", "a big integer that fits 64 bits", {4, 8, 1, 0, 0, 0, 0, 0, 0, 0});
  to.tree("big-integer-long", "a big integer with a byte to spare", {4, 10, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0});
  to.tree("big-integer-negative", "a negative one, likewise", {4, 10, 1, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff});
  to.tree("set-twice", "a set that holds an item twice", {11, 2, 7, 1, 'a', 7, 1, 'a'});
  to.tree("dict-twice", "a dict with a key twice", {12, 2, 7, 1, 'a', 0, 7, 1, 'a', 0});
  to.tree("dict-key", "a key that is neither text nor integer", {12, 1, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  to.tree("dict-short", "more entries than fit", {12, 4, 7, 1, 'a', 0});
  to.tree("state-dict-twice", "a state dict with a key twice", {13, 2, 1, 'a', 0, 1, 'a', 0, 0});
  to.tree("state-dict-metadata", "a state dict without metadata", {13, 0});
  to.tree("tensor-more", "a tensor that has no record", {14});
  std::vector<int> deep;
  for (int i = 0; i < 65; ++i) deep.insert(deep.end(), {9, 1});
  deep.push_back(0);
  to.tree("depth-65", "65 levels of lists", deep);
  std::vector<int> deeper;
  for (int i = 0; i < 63; ++i) deeper.insert(deeper.end(), {9, 1});
  deeper.insert(deeper.end(), {13, 0, 1, 7, 1, 'a', 9, 0});
  to.tree("depth-of-metadata", "65 levels, the last within metadata", deeper);
  std::vector<int> key{12, 1, 7, 0x81, 0x20};
  key.insert(key.end(), 4097, 'k');
  key.push_back(0);
  to.tree("key-too-long", "a key of more than 4096 bytes", key);
  to.change("tree-tensor-fewer", "a tensor record that the tree does not hold", [](Parts& p) {
    p.tree = {std::byte{14}};
    p.counts.tree_size = 1;
  });
  StateDict state;
  state.set("a", numbered({2}));
  to.add("tree-tensor-in-metadata", "a tensor in metadata",
         forge::change(io::save_to_memory(state, {.preset = io::Preset::none}), [](Parts& p) {
           p.tree.clear();
           for (const int byte : std::array{13, 0, 1, 7, 1, int{'a'}, 14})
             p.tree.push_back(static_cast<std::byte>(byte));
           p.counts.tree_size = p.tree.size();
         }));

  constexpr int minus_one[] = {3, 255, 255, 255, 255, 255, 255, 255, 255};
  const auto keyed = [&](std::vector<int> before, std::vector<int> after) {
    before.insert(before.end(), std::begin(minus_one), std::end(minus_one));
    before.insert(before.end(), after.begin(), after.end());
    return before;
  };
  const std::vector<int> said{12, 1, 7, 1, 'a', 0};
  to.attributes("list", "no dict", {9, 0});
  to.attributes("empty", "a dict of nothing", {12, 0});
  to.attributes("text-key", "a key that is no number of a tensor", {12, 1, 7, 1, 'a', 12, 1, 7, 1, 'a', 0});
  to.attributes("empty-one", "nothing said of the file", keyed({12, 1}, {12, 0}));
  to.attributes("not-a-dict", "a number said of the file", keyed({12, 1}, {3, 0, 0, 0, 0, 0, 0, 0, 0}));
  to.attributes("tensor", "a tensor", keyed({12, 1}, {12, 1, 7, 1, 'a', 14}));
  to.attributes("trailing", "bytes behind the dict", keyed({12, 1}, {12, 1, 7, 1, 'a', 0, 0}));
  to.attributes("beyond", "of a tensor that is not there", {12, 1, 3, 2, 0, 0, 0, 0, 0, 0, 0, 12, 1, 7, 1, 'a', 0});
  to.attributes("below", "of number -2", {12, 1, 3, 254, 255, 255, 255, 255, 255, 255, 255, 12, 1, 7, 1, 'a', 0});
  std::vector<int> out_of_order{12, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0};
  out_of_order.insert(out_of_order.end(), said.begin(), said.end());
  out_of_order.insert(out_of_order.end(), std::begin(minus_one), std::end(minus_one));
  out_of_order.insert(out_of_order.end(), said.begin(), said.end());
  to.attributes("order", "the file's behind a tensor's", out_of_order);
}

}  // namespace

std::vector<Case> refused_codecs();

std::vector<Case> refused() {
  Cases cases;
  add_other_formats(cases);
  add_damages(cases);
  add_commits(cases);
  add_contents(cases);
  add_placements(cases);
  add_generations(cases);
  add_trees(cases);
  for (Case& each : refused_codecs()) cases.cases.push_back(std::move(each));
  return std::move(cases.cases);
}

}  // namespace corpus
