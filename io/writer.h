// A Value to a container: chunks are packed, on several threads if there are, and written in order; the index follows.
#pragma once

#include <cairn/core/value.h>
#include <cairn/io/blobs.h>
#include <cairn/io/format.h>
#include <cairn/io/output.h>
#include <cairn/io/save.h>

namespace cairn::io {

class Writer {
 public:
  /// Walks the tree and finds the storages: everything that can be wrong with the value is found here, before a byte is
  /// written. `value` must hold no deferred tensor, and must outlive the writer.
  Writer(const Value& value, const SaveOptions& options);

  void write(Output& out);

  std::uint64_t size_estimate() const;  ///< Of the container, rather too large.

 private:
  struct Slot;

  void write_blobs(Output& out);
  void encode(Slot& slot) const;
  void place(Slot& slot, Output& out);
  std::vector<std::byte> index();
  void append_content(std::vector<std::byte>& index);

  const SaveOptions& options_;
  std::vector<std::byte> tree_;
  std::vector<Tensor> tensors_;
  BlobPlan plan_;
  std::vector<Hash> leaves_;  // of the blob that is being written
  std::vector<BlobRecord> blobs_;
  std::vector<Placement> placements_;
  std::vector<ChunkRecord> chunks_;
  Hash root_;
  std::uint64_t done_ = 0;
};

}  // namespace cairn::io
