// Containers changed on purpose and sealed again, so that every checksum is right and only the content is wrong.
#pragma once

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

/// A container of one generation taken apart.
struct Parts {
  Header header;
  std::vector<std::byte> blobs;  ///< All between the header and the index, but for the zeros before the index.
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
  std::size_t end = sizeof(Header);
  for (const ChunkRecord& chunk : parts.chunks) end = chunk.offset + chunk.stored;
  parts.blobs.assign(bytes.begin() + sizeof(Header), bytes.begin() + static_cast<std::ptrdiff_t>(end));
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

/// Takes apart, changes, puts together.
inline cairn::Bytes change(const cairn::Bytes& file, const std::function<void(Parts&)>& edit) {
  Parts parts = take_apart(file);
  edit(parts);
  return put_together(std::move(parts));
}

}  // namespace forge
