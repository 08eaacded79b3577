// Whether two readers that share no code agree: this library's, and io/read_cairn.py, written from FORMAT.md alone. Of
// files that are whole they must tell the same tree; of files changed at random, which of them are to be refused.
#include "catch.h"

#include <random>

#include "described.h"
#include "forge.h"
#include "forge_codecs.h"
#include "second_opinion.h"
#include "temporary_folder.h"
#include "values.h"

#include <cairn/io/codec.h>
#include <cairn/io/io.h>
#include <cairn/io/labels.h>

using namespace cairn;
using namespace described_values;

namespace {

/// A value of any kind, drawn; containers in it become fewer the deeper they are.
Value drawn(std::mt19937& random, int depth = 0) {
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const auto number = [&] { return std::ldexp(below(2001) - 1000, below(80) - 40); };
  const auto word = [&] {
    std::string made;
    for (int n = below(9); n > 0; --n)
      made += below(9) == 0 ? "\xc3\xa9" : std::string(1, static_cast<char>('a' + below(26)));
    return made;
  };
  switch (below(depth < 3 ? 14 : 8)) {
    case 0:
      return {};
    case 1:
      return below(2) == 0;
    case 2:
      return static_cast<std::int64_t>((std::uint64_t{random()} << 32 | random()) >> below(64));
    case 3:
      return BigInteger::from_decimal((below(2) ? "-" : "") + std::to_string(random() | 1u << 31) +
                                      "00000000000000000000");
    case 4:
      return number();
    case 5:
      return std::complex<double>(number(), -0.0);
    case 6:
      return word();
    case 7:
      return Bytes{std::vector<std::byte>(static_cast<std::size_t>(below(5)), std::byte{200})};
    case 8: {
      const Tensor whole = numbered({1 + below(3), 4, below(4)}, static_cast<DType>(below(dtype_count)), below(50));
      return below(2) == 0 ? whole : whole.transpose(0, 1).narrow(0, 1, 2);
    }
    case 9:
    case 10: {
      List list;
      for (int n = below(4); n > 0; --n) list.items.push_back(drawn(random, depth + 1));
      if (below(2) == 0) return list;
      Tuple tuple;
      tuple.items = std::move(list.items);
      return tuple;
    }
    case 11:
      return Set{word(), below(99), Tuple{depth, word()}, number()};
    case 12: {
      StateDict state;
      for (int n = below(4); n > 0; --n) state.set(word(), drawn(random, depth + 1));
      state.metadata().set(word(), Value{{"version", below(3)}});
      return state;
    }
    default: {
      Dict dict;
      for (int n = below(4); n > 0; --n)
        dict.set(below(2) == 0 ? Key(word()) : Key(std::int64_t{below(99)}), drawn(random, depth + 1));
      return dict;
    }
  }
}

/// A byte or two of it.
void alter(std::span<std::byte> bytes, std::mt19937& random) {
  if (bytes.empty()) return;
  for (unsigned n = 1 + random() % 2; n > 0; --n) {
    std::byte& byte = bytes[random() % bytes.size()];
    constexpr std::uint8_t telling[] = {0, 1, 2, 7, 8, 64, 127, 128, 255};
    byte = random() % 2 == 0 ? byte ^ static_cast<std::byte>(1u << random() % 8)
                             : static_cast<std::byte>(telling[random() % std::size(telling)]);
  }
}

/// What a chunk's bytes become when some of them are changed and sealed again.
void alter_a_chunk(forge::Parts& parts, std::mt19937& random) {
  if (parts.chunks.empty()) return;
  const std::size_t chosen = random() % parts.chunks.size();
  io::ChunkRecord& chunk = parts.chunks[chosen];
  if (chunk.offset < parts.commit.begin) return;
  const std::span bytes = std::span(parts.blobs).subspan(chunk.offset - parts.commit.begin, chunk.stored);
  const std::uint64_t before = io::checksum(bytes);
  alter(random() % 2 == 0 ? bytes : bytes.first(std::min<std::size_t>(bytes.size(), 48)), random);
  chunk.checksum ^= before ^ io::checksum(bytes);
  if (random() % 2 == 0) return;
  for (std::uint32_t blob = 0, next = 0; blob < parts.blob_records.size() && next <= chosen; ++blob) {
    for (std::uint64_t left = parts.blob_records[blob].size; left > 0;) {  // so that the digest fits what it decodes to
      const std::uint64_t decoded = std::min<std::uint64_t>(left, parts.placement.chunk_size);
      if (next++ == chosen && left == parts.blob_records[blob].size && decoded == left) {
        std::vector<std::byte> to(decoded);
        const io::Codec* const codec = io::find_codec(chunk.codec);
        if (codec && !codec->decode(bytes, static_cast<DType>(parts.blob_records[blob].dtype), to))
          parts.blob_records[blob].digest = io::hash(io::bytes_of(io::hash(to)));
      }
      left -= decoded;
    }
  }
}

/// Part of the newest generation changed, and the file sealed again; or an older generation; or a byte of the file; or
/// its end cut off.
Bytes changed(const Bytes& file, std::mt19937& random) {
  const auto begin = forge::get<io::CommitRecord>(file.data, file.data.size() - sizeof(io::CommitRecord)).begin;
  const unsigned way = random() % 12;
  if (way < 3) {
    Bytes copy = file;
    alter(copy.data, random);
    return copy;
  }
  if (way == 3) {
    Bytes copy = file;
    copy.data.resize(random() % file.data.size());
    if (random() % 2 == 0) copy.data.resize(copy.data.size() / 64 * 64);
    return copy;
  }
  if (way < 6 && begin > sizeof(io::Header)) {
    const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(begin);
    Bytes older = changed({{file.data.begin(), file.data.begin() + size}}, random);
    if (older.data.size() != begin) return file;
    older.data.insert(older.data.end(), file.data.begin() + size, file.data.end());
    return older;
  }
  return forge::change(file, [&](forge::Parts& parts) {
    const auto bytes = [](auto& records) { return std::as_writable_bytes(std::span(records)); };
    switch (random() % 11) {
      case 0:
        return alter(std::as_writable_bytes(std::span(&parts.header, 1)).subspan(8, 48), random);
      case 1:
        return alter(bytes(parts.tensors), random);
      case 2:
        return alter(bytes(parts.dimensions), random);
      case 3:
        return alter(bytes(parts.blob_records), random);
      case 4:
        return alter(parts.locations, random);
      case 5:
        return alter(std::as_writable_bytes(std::span(&parts.placement, 1)), random);
      case 6:
        return alter(std::as_writable_bytes(std::span(&parts.commit, 1)).subspan(8, 16), random);
      case 7:
        return alter(bytes(parts.chunks), random);
      case 8:
        return alter(parts.attributes, random);
      case 9:
        return alter_a_chunk(parts, random);
      default:
        return alter(parts.tree, random);
    }
  });
}

Bytes appended(const Bytes& file, const Value& value, const io::SaveOptions& options = {}) {
  const TemporaryFolder folder;
  const std::string path = folder.file("appended.cairn");
  write_file(path, {reinterpret_cast<const char*>(file.data.data()), file.data.size()});
  io::append(path, value, options);
  const std::string bytes = read_file(path);
  const auto span = std::as_bytes(std::span(bytes));
  return {{span.begin(), span.end()}};
}

io::Attributes attributes_of(const Value& value, std::mt19937& random) {
  io::Attributes attributes;
  if (random() % 2 == 0) attributes.file = {{"source", "a test"}, {"year", 2020}};
  for (const std::string& label : io::tensor_labels(value)) {
    if (random() % 4 == 0) attributes.tensors[label] = {{"unit", "V"}, {"at", List{1, 2}}};
  }
  return attributes;
}

}  // namespace

TEST_CASE("Two readers tell the same of every whole file", "[io][second_reader]") {
  std::mt19937 random(1);
  std::vector<Value> values = {small_checkpoint(), large_checkpoint()};
  for (int n = 0; n < 150; ++n) values.push_back(Value{{"value", drawn(random)}});
  std::vector<Bytes> files;
  for (const Value& value : values) {
    const auto preset = static_cast<io::Preset>(files.size() % 4);
    files.push_back(io::save_to_memory(value, {.preset = preset, .attributes = attributes_of(value, random)}));
    const Value& next = values[files.size() / 2];
    if (files.size() % 3 == 0) files.back() = appended(files.back(), next, {.attributes = attributes_of(next, random)});
    if (files.size() % 9 == 0) files.back() = appended(files.back(), value);
  }
  const std::vector<Opinion> opinions = second_opinion(files);
  REQUIRE(opinions.size() == files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    CAPTURE(i, values[i]);
    CHECK(opinions[i].verdict == "whole");
    check_opinion(files[i], opinions[i]);
  }
}

TEST_CASE("Two readers refuse the same files", "[io][second_reader]") {
  std::mt19937 random(2);
  const Bytes small = io::save_to_memory(small_checkpoint());
  const Bytes mixed =
      io::save_to_memory({{"tree", drawn(random)}, {"zeros", zeros({100, 70})}, {"kept", small_checkpoint()}});
  const Bytes grown = appended(appended(small, {{"kept", small_checkpoint()}, {"new", numbered({9})}}),
                               {{"kept", small_checkpoint()}, {"new", numbered({9}).t()}},
                               {.attributes = {.file = {{"a", 1}}, .tensors = {{"new", {{"unit", "V"}}}}}});
  const Bytes whole_file[] = {small, mixed, grown, forge::one_of_each_codec()};
  std::vector<Bytes> files;
  for (int n = 0; n < 1600; ++n) files.push_back(changed(whole_file[n % 4], random));
  const std::vector<Opinion> opinions = second_opinion(files);
  REQUIRE(opinions.size() == files.size());
  int whole = 0, readable = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    CAPTURE(i, opinions[i].verdict, opinions[i].text);
    check_opinion(files[i], opinions[i]);
    whole += opinions[i].verdict == "whole";
    readable += opinions[i].verdict == "readable";
  }
  CHECK(whole > 50);  // what changes a number or a key only
  CHECK(readable > 50);
  CHECK(whole + readable < 1000);
}
