// The index of an open file: records read in place, checked against each other before anything is allocated from them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <cairn/core/dtype.h>
#include <cairn/core/shape.h>
#include <cairn/io/bytes.h>
#include <cairn/io/format.h>
#include <cairn/io/limits.h>

namespace cairn::io {

class Index {
 public:
  /// `bytes` is the index without its piece checksums, which have been verified; it lies at the place that `commit`
  /// says and must outlive this. Checks everything but the tree and the attributes. Throws FormatError.
  Index(std::span<const std::byte> bytes, const CommitRecord& commit, const std::string& file, const Limits& limits);

  std::uint32_t tensor_count() const { return counts_.tensor_count; }
  std::uint32_t blob_count() const { return counts_.blob_count; }
  std::uint64_t chunk_size() const { return placement_.chunk_size; }
  std::uint64_t decoded_size() const { return decoded_; }

  TensorRecord tensor(std::uint32_t i) const { return record_at<TensorRecord>(tensors_, i); }
  BlobRecord blob(std::uint32_t i) const { return record_at<BlobRecord>(blobs_, i); }
  DType dtype(std::uint32_t blob) const { return static_cast<DType>(this->blob(blob).dtype); }
  Shape shape(std::uint32_t tensor) const { return dimensions(tensor, 0); }
  Shape strides(std::uint32_t tensor) const;
  const std::vector<std::string>& locations() const { return locations_; }

  /// A chunk of a blob: its record, and its decoded bytes.
  struct Chunk {
    ChunkRecord record;
    std::uint64_t decoded;
  };
  std::uint32_t chunk_count() const { return placement_.chunk_count; }  ///< Of all blobs.
  std::uint64_t chunk_count(std::uint32_t blob) const { return count_pieces(this->blob(blob).size, chunk_size()); }
  Chunk chunk(std::uint32_t blob, std::uint64_t chunk) const;
  std::uint64_t stored_size(std::uint32_t blob) const;  ///< Bytes its chunks take.
  std::uint64_t data_end() const { return data_end_; }  ///< Of this generation's chunks, in the file.

  std::span<const std::byte> content() const { return content_; }  ///< What the root digest covers.
  std::span<const std::byte> tensor_records() const { return tensors_; }
  std::span<const std::byte> dimensions() const { return dimensions_; }
  std::span<const std::byte> blob_records() const { return blobs_; }
  std::span<const std::byte> location_bytes() const { return location_bytes_; }
  std::span<const std::byte> tree() const { return tree_; }
  std::uint64_t tree_offset() const { return tree_offset_; }  ///< In the file.
  std::span<const std::byte> attributes() const { return attributes_; }
  std::uint64_t attributes_offset() const { return tree_offset_ + tree_.size(); }

 private:
  void read_content(ByteReader& in, const Limits& limits);
  void read_locations(ByteReader& in, const Limits& limits);
  void read_placement(ByteReader& in, const CommitRecord& commit, const Limits& limits);
  void check_tensors(ByteReader& in, const Limits& limits);
  void check_blobs(ByteReader& in, const Limits& limits);
  Shape dimensions(std::uint32_t tensor, std::size_t skip) const;

  ContentHeader counts_;
  PlacementHeader placement_;
  std::span<const std::byte> tensors_, dimensions_, blobs_, location_bytes_, chunks_, tree_, attributes_, content_;
  std::uint64_t tree_offset_ = 0, decoded_ = 0, data_end_ = 0;
  std::vector<std::string> locations_;
  std::vector<std::uint32_t> first_dimension_;  // of each tensor
  std::vector<std::uint32_t> first_chunk_;      // of each blob
};

}  // namespace cairn::io
