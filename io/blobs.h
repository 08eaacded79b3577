// Which bytes a file holds: the storages behind its tensors, each stored once.
//
// Tensors that share a storage share a blob. A blob is the union of the ranges that its tensors reach, in the order of
// addresses, without what lies between them; blobs stand in the order in which their first tensor was met. An element
// that lies within a range but that no tensor reaches (the other columns of a slice) is written as zero: it is no part
// of the state.
//
//   storage   . . . a a a a . . . . b b . c c c       a, b, c: what three tensors reach
//   blob            a a a a         b b   c c c       their offsets become 0, 4, 6
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <cairn/core/tensor.h>
#include <cairn/io/bytes.h>

namespace cairn::io {

class ContainerSource;

/// Bytes that lie together: in the device's memory, or still in a file, as a blob there has them.
struct Segment {
  const std::byte* data;  ///< Null: in a file.
  std::uint64_t size;
  std::uint64_t begin = 0;                ///< In the blob of the file.
  std::uint32_t blob = 0;                 ///< Of the file.
  const ContainerSource* file = nullptr;  ///< Kept by the tensors.
};

struct Blob {
  DType dtype;
  Device device;
  bool host_memory;        ///< Whether segments can be read directly.
  std::uint64_t size = 0;  ///< In bytes.
  std::uint32_t first_segment = 0, segment_count = 0;
};

struct BlobPlan {
  std::vector<Blob> blobs;
  std::vector<Segment> segments;
  std::vector<std::uint32_t> blob_of;    ///< Of each tensor.
  std::vector<std::uint64_t> offset_of;  ///< Of each tensor's first element in its blob, in elements.
  std::vector<Tensor> copies;            ///< Blobs with elements that no tensor reaches, copied without those.
  std::uint64_t total = 0;               ///< Bytes of all blobs.

  /// `size` bytes from `offset` on of a blob; in `scratch` unless they lie together in host memory. Throws DeviceError.
  std::span<const std::byte> bytes(std::uint32_t blob, std::uint64_t offset, std::uint64_t size, Buffer& scratch) const;
};

/// The tensors must outlive the plan and not change meanwhile. Deferred ones must be those of files (`io::open`).
BlobPlan plan_blobs(std::span<const Tensor> tensors);

}  // namespace cairn::io
