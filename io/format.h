// FORMAT.md as constants and structs, table for table: how a container lies in a file.
//
//   ┌────────┬──────── generation 1 ────────┬──────── generation 2 ────────┬─ ...
//   │ header │ chunks │ index │ commit record │ chunks │ index │ commit record │        all numbers little-endian
//   └────────┴──────────────────────────────┴──────────────────────────────┴─ ...
//
// The last commit record counts. Its index is complete by itself: an appended generation refers to the chunks of older
// ones by their offsets. The structs are copied from and to the file as they are; none has padding.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <cairn/io/checksum.h>

namespace cairn::io {

static_assert(std::endian::native == std::endian::little, "containers are little-endian and are read as they lie");

inline constexpr std::uint32_t format_version = 1;
inline constexpr std::array<std::uint8_t, 8> header_magic{0x89, 'C', 'R', 'N', '\r', '\n', 0x1a, '\n'};
inline constexpr std::array<std::uint8_t, 8> commit_magic{0x8a, 'C', 'R', 'N', 'E', 'N', 'D', '\n'};

/// The same in every file of this version: what differs stands in commit records, which come last.
struct Header {
  std::array<std::uint8_t, 8> magic = header_magic;
  std::uint32_t version = format_version;
  std::array<std::uint8_t, 44> zero = {};
  std::uint64_t checksum = 0;
};

struct CommitRecord {
  std::array<std::uint8_t, 8> magic = commit_magic;
  std::uint32_t generation = 1;
  std::uint16_t required_features = 0;   // a reader refuses a bit it does not know
  std::uint16_t optional_features = 0;   // a reader ignores a bit it does not know
  std::uint64_t begin = sizeof(Header);  // of this generation's bytes: behind the header, or an older commit record
  std::uint64_t index_offset = 0;        // the index ends where this record begins
  std::uint64_t index_checksum = 0;      // of the table of piece checksums, the last part of the index
  Hash root_digest = {};
  std::uint64_t checksum = 0;  // bound to the generation and the record's own offset
};
inline constexpr std::uint64_t commit_alignment = sizeof(CommitRecord);  // none lies across two sectors of a disk

// The index, first part: the content, independent of how it is packed. Its hash is the root digest.

struct ContentHeader {
  std::uint64_t tree_size = 0;
  std::uint64_t attributes_size = 0;
  std::uint32_t tensor_count = 0;
  std::uint32_t blob_count = 0;
  std::uint32_t dimension_count = 0;
  std::uint32_t location_size = 0;
};

struct TensorRecord {
  std::uint32_t blob = 0;
  std::uint16_t location = 0;
  std::uint8_t rank = 0;
  std::uint8_t flags = 0;
  std::uint64_t offset = 0;  // of the first element in the blob, in elements
};
inline constexpr std::uint8_t flag_requires_grad = 1, flag_parameter = 2, flag_strided = 4, known_flags = 7;

struct BlobRecord {
  std::uint64_t size = 0;  // decoded bytes
  Hash digest;
  std::uint8_t dtype = 0;
  std::array<std::uint8_t, 7> zero = {};
};

// The index, second part: where and how the bytes lie.

struct PlacementHeader {
  std::uint32_t chunk_size = 0;
  std::uint32_t chunk_count = 0;
};

struct ChunkRecord {
  std::uint64_t offset = 0;
  std::uint64_t checksum = 0;  // of the stored bytes, bound to (generation of the commit, blob, chunk)
  std::uint32_t stored = 0;
  std::uint8_t codec = 0;
  std::array<std::uint8_t, 3> zero = {};
};

template <class T, std::size_t size>
inline constexpr bool is_record = sizeof(T) == size&& std::has_unique_object_representations_v<T>;
static_assert(is_record<Header, 64> && is_record<CommitRecord, 64> && is_record<ContentHeader, 32> &&
              is_record<TensorRecord, 16> && is_record<BlobRecord, 32> && is_record<PlacementHeader, 8> &&
              is_record<ChunkRecord, 24>);

inline constexpr std::uint64_t piece_size = std::uint64_t{1} << 16;  // of the index
inline constexpr std::uint64_t leaf_size = std::uint64_t{1} << 20;   // of a blob, for its digest
inline constexpr std::uint64_t smallest_chunk_size = leaf_size;
inline constexpr std::uint64_t largest_tensor = std::uint64_t{1} << 62;  // bytes, though it be empty
inline constexpr std::uint64_t largest_chunk_size = std::uint64_t{64} << 20;
inline constexpr std::uint32_t index_blob = 0xffffffff;  // stands for the index in checksums
inline constexpr std::int64_t file_attributes = -1;      // the attributes' key for those of the file

inline constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

/// Where a run of new chunks of a blob may begin. If the first is raw: at multiples of the largest power of two up to a
/// 16th of the blob, at least 8 and at most 64 KiB. Large raw blobs can be mapped; padding costs at most a 16th.
inline constexpr std::uint64_t run_alignment(std::uint64_t blob_size, bool raw) {
  const std::uint64_t sixteenth = blob_size / 16;
  return !raw || sixteenth < 8 ? 8 : sixteenth >= (1u << 16) ? 1u << 16 : std::bit_floor(sixteenth);
}

/// Where the index of `size` bytes begins if data ends at `end`: as near as its end can be a commit record's beginning.
inline constexpr std::uint64_t index_offset_after(std::uint64_t end, std::uint64_t size) {
  return align_up(end + size, commit_alignment) - size;
}

inline constexpr std::uint64_t count_pieces(std::uint64_t size, std::uint64_t piece) {
  return (size + piece - 1) / piece;
}

/// Bytes of an index whose content and placement take `body`: the rest are its pieces' checksums.
inline constexpr std::uint64_t index_size_of(std::uint64_t body) {
  return body + count_pieces(body, piece_size) * sizeof(std::uint64_t);
}

/// The kinds of the tree's values, as one byte; the numbers are never reused.
enum class Tag : std::uint8_t {
  none = 0,
  boolean_false = 1,
  boolean_true = 2,
  integer = 3,
  big_integer = 4,
  floating = 5,
  complex = 6,
  text = 7,
  bytes = 8,
  list = 9,
  tuple = 10,
  set = 11,
  dict = 12,
  state_dict = 13,
  tensor = 14,
};

}  // namespace cairn::io
