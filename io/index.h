// The index of an open file: records read in place, checked against each other before anything is allocated from them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <cairn/core/shape.h>
#include <cairn/io/bytes.h>
#include <cairn/io/format.h>
#include <cairn/io/limits.h>

namespace cairn::io {

class Index {
 public:
  /// `bytes` is the index without its piece checksums, which have been verified; it lies at `offset` of the file and
  /// must outlive this. Checks everything but the tree. Throws FormatError.
  Index(std::span<const std::byte> bytes, std::uint64_t offset, std::uint64_t generation, const std::string& file,
        const Limits& limits);

  std::uint32_t tensor_count() const { return counts_.tensor_count; }
  std::uint32_t blob_count() const { return counts_.blob_count; }
  std::uint64_t chunk_size() const { return placement_.chunk_size; }
  std::uint64_t decoded_size() const { return decoded_; }

  TensorRecord tensor(std::uint32_t i) const { return record_at<TensorRecord>(tensors_, i); }
  BlobRecord blob(std::uint32_t i) const { return record_at<BlobRecord>(blobs_, i); }
  Placement placement(std::uint32_t i) const { return record_at<Placement>(placements_, i); }
  Shape shape(std::uint32_t tensor) const { return dimensions(tensor, 0); }
  Shape strides(std::uint32_t tensor) const;
  const std::vector<std::string>& locations() const { return locations_; }

  /// A chunk of a blob: its record and where it lies in the file.
  struct Chunk {
    ChunkRecord record;
    std::uint64_t offset;   ///< In the file.
    std::uint64_t decoded;  ///< Bytes.
  };
  std::uint64_t chunk_count(std::uint32_t blob) const { return count_pieces(this->blob(blob).size, chunk_size()); }
  Chunk chunk(std::uint32_t blob, std::uint64_t chunk) const;
  std::uint64_t blob_end(std::uint32_t blob) const;  ///< In the file: behind its last chunk.
  std::uint64_t stored_size(std::uint32_t blob) const { return blob_end(blob) - placement(blob).offset; }

  std::span<const std::byte> content() const { return content_; }  ///< What the root digest covers.
  std::span<const std::byte> tree() const { return tree_; }
  std::uint64_t tree_offset() const { return tree_offset_; }  ///< In the file.

 private:
  void read_content(ByteReader& in, const Limits& limits);
  void read_placement(ByteReader& in, std::uint64_t index_offset, std::uint64_t generation, const Limits& limits);
  void check_tensors(ByteReader& in, const Limits& limits);
  void check_blobs(ByteReader& in, const Limits& limits);
  Shape dimensions(std::uint32_t tensor, std::size_t skip) const;

  ContentHeader counts_;
  PlacementHeader placement_;
  std::span<const std::byte> tensors_, dimensions_, blobs_, placements_, chunks_, tree_, content_;
  std::uint64_t tree_offset_ = 0, decoded_ = 0;
  std::vector<std::string> locations_;
  std::vector<std::uint32_t> first_dimension_;  // of each tensor
  std::vector<std::uint32_t> first_chunk_;      // of each blob
  std::vector<std::uint64_t> chunk_offset_;     // of each chunk, in the file
};

}  // namespace cairn::io
