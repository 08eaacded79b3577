// Containers changed on purpose and sealed again, so that every checksum is right and only the content is wrong.
#pragma once

#include <algorithm>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include <cairn/core/value.h>
#include <cairn/io/bytes.h>
#include <cairn/io/commit.h>
#include <cairn/io/format.h>

namespace forge {

using namespace cairn::io;

template <class Record>
Record get(const std::vector<std::byte>& bytes, std::size_t at) {
  Record record;
  std::memcpy(&record, bytes.data() + at, sizeof record);
  return record;
}

template <class Record>
void put(std::vector<std::byte>& bytes, std::size_t at, const Record& record) {
  std::memcpy(bytes.data() + at, &record, sizeof record);
}

/// The newest generation of a container, taken apart.
struct Parts {
  Header header;
  std::vector<std::byte> older;  ///< All between the header and this generation.
  std::vector<std::byte> blobs;  ///< All between its beginning and its index, but for the zeros before the index.
  ContentHeader counts;
  std::vector<TensorRecord> tensors;
  std::vector<std::int64_t> dimensions;
  std::vector<BlobRecord> blob_records;
  std::vector<std::byte> locations, tree, attributes;
  PlacementHeader placement;
  std::vector<ChunkRecord> chunks;
  CommitRecord commit;
};

template <class Record>
void take(std::span<const std::byte>& in, std::vector<Record>& to, std::size_t count) {
  to.resize(count);
  if (count != 0) std::memcpy(to.data(), in.data(), count * sizeof(Record));
  in = in.subspan(count * sizeof(Record));
}

inline Parts take_apart(const cairn::Bytes& file) {
  const std::vector<std::byte>& bytes = file.data;
  Parts parts;
  parts.header = get<Header>(bytes, 0);
  parts.commit = get<CommitRecord>(bytes, bytes.size() - sizeof(CommitRecord));
  std::span<const std::byte> in(bytes);
  in = in.subspan(parts.commit.index_offset);
  std::vector<ContentHeader> counts;
  take(in, counts, 1);
  parts.counts = counts[0];
  take(in, parts.tensors, parts.counts.tensor_count);
  take(in, parts.dimensions, parts.counts.dimension_count);
  take(in, parts.blob_records, parts.counts.blob_count);
  take(in, parts.locations, parts.counts.location_size);
  take(in, parts.tree, parts.counts.tree_size);
  take(in, parts.attributes, parts.counts.attributes_size);
  const std::size_t used = sizeof(ContentHeader) + parts.tensors.size() * 16 + parts.dimensions.size() * 8 +
                           parts.blob_records.size() * 32 + parts.locations.size() + parts.tree.size() +
                           parts.attributes.size();
  in = in.subspan(align_up(used, 8) - used);
  std::vector<PlacementHeader> placement;
  take(in, placement, 1);
  parts.placement = placement[0];
  take(in, parts.chunks, parts.placement.chunk_count);
  const auto at = [&](std::uint64_t offset) { return bytes.begin() + static_cast<std::ptrdiff_t>(offset); };
  std::uint64_t end = parts.commit.begin;
  for (const ChunkRecord& chunk : parts.chunks) end = std::max(end, chunk.offset + chunk.stored);
  parts.older.assign(at(sizeof(Header)), at(parts.commit.begin));
  parts.blobs.assign(at(parts.commit.begin), at(end));
  return parts;
}

template <class Record>
std::span<const std::byte> raw(const std::vector<Record>& records) {
  return std::as_bytes(std::span(records));
}

/// The parts as a file with right checksums. Counts are taken as they stand in the parts, right or wrong.
inline cairn::Bytes put_together(Parts parts) {
  cairn::Bytes file;
  std::vector<std::byte>& bytes = file.data;
  parts.header.checksum = checksum(bytes_of(parts.header).first(offsetof(Header, checksum)));
  append(bytes, bytes_of(parts.header));
  append(bytes, parts.older);
  append(bytes, parts.blobs);
  std::vector<std::byte> index;
  append(index, bytes_of(parts.counts));
  append(index, raw(parts.tensors));
  append(index, raw(parts.dimensions));
  append(index, raw(parts.blob_records));
  append(index, parts.locations);
  append(index, parts.tree);
  append(index, parts.attributes);
  index.resize(align_up(index.size(), 8));
  parts.commit.root_digest = hash(index);
  append(index, bytes_of(parts.placement));
  append(index, raw(parts.chunks));
  const std::vector<std::byte> body = index;
  for (std::uint64_t piece = 0; piece < count_pieces(body.size(), piece_size); ++piece) {
    const auto begin = static_cast<std::size_t>(piece * piece_size);
    const auto part = std::span(body).subspan(begin, std::min<std::size_t>(piece_size, body.size() - begin));
    append(index, checksum(part) ^ scramble(parts.commit.generation, index_blob, static_cast<std::uint32_t>(piece)));
  }
  bytes.resize(index_offset_after(bytes.size(), index.size()));
  parts.commit.index_offset = bytes.size();
  parts.commit.index_checksum = checksum(std::span<const std::byte>(index).subspan(body.size()));
  append(bytes, index);
  seal(parts.commit, bytes.size());
  append(bytes, bytes_of(parts.commit));
  return file;
}

/// What is stored of a chunk, and how.
struct Stored {
  std::uint8_t codec;
  std::vector<std::byte> bytes;
};

/// Puts these chunks in the place of all of a generation's own, as a writer lays them out.
inline void replace_chunks(Parts& parts, std::span<const Stored> chunks) {
  parts.blobs.clear();
  parts.chunks.clear();
  std::size_t next = 0;
  for (std::uint32_t blob = 0; blob < parts.blob_records.size(); ++blob) {
    const std::uint64_t size = parts.blob_records[blob].size;
    for (std::uint32_t k = 0; k < count_pieces(size, parts.placement.chunk_size) && next < chunks.size(); ++k) {
      const Stored& stored = chunks[next++];
      const std::uint64_t end = parts.commit.begin + parts.blobs.size();
      const std::uint64_t at = k == 0 ? align_up(end, run_alignment(size, stored.codec == 0)) : end;
      parts.blobs.resize(at - parts.commit.begin);
      append(parts.blobs, stored.bytes);
      parts.chunks.push_back({.offset = at,
                              .checksum = checksum(stored.bytes) ^ scramble(parts.commit.generation, blob, k),
                              .stored = static_cast<std::uint32_t>(stored.bytes.size()),
                              .codec = stored.codec});
    }
  }
  parts.placement.chunk_count = static_cast<std::uint32_t>(parts.chunks.size());
}

/// Takes apart, changes, puts together.
inline cairn::Bytes change(const cairn::Bytes& file, const std::function<void(Parts&)>& edit) {
  Parts parts = take_apart(file);
  edit(parts);
  return put_together(std::move(parts));
}

}  // namespace forge
