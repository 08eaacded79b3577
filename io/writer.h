// A Value to a container: chunks are packed, on several threads if there are, and written in order; the index follows.
//
//   window 1   window 2   window 3          a window: some chunks for each thread. While one is written, in order, the
//   packed     packed     packed            next is packed: where the sink allows it, by other threads at that time.
//              1 written  2 written
//
// With a base, the newest state of the file that is appended to, chunks that are the same as there are not written
// again: of a storage whose digest is that of one there, all; of one that has changed, those that pack to the same
// bytes.
#pragma once

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <cairn/core/value.h>
#include <cairn/io/blobs.h>
#include <cairn/io/container.h>
#include <cairn/io/format.h>
#include <cairn/io/output.h>
#include <cairn/io/save.h>
#include <cairn/io/staging.h>

namespace cairn::io {

class Writer {
 public:
  /// Walks the tree and finds the storages: everything that can be wrong with the value is found here, before a byte is
  /// written. Deferred tensors are of files. `value`, `options` and `base` must outlive the writer.
  Writer(const Value& value, const SaveOptions& options, const Container* base = nullptr);

  /// `out` stands at the beginning of the file, or behind the base's commit record. `before_commit` is called when all
  /// but the commit record has been handed on.
  void write(Output& out, const std::function<void()>& before_commit = {});

  std::uint64_t size_estimate() const;  ///< Of what is written, rather too large.
  std::uint64_t staged_size() const;    ///< What all chunks take in staging.
  std::uint64_t largest_chunk() const { return std::min(chunk_size_, std::max<std::uint64_t>(plan_.total, 1)); }

  /// From now on `write` takes the numbers from there, and needs no tensor any more.
  void take_from(Staging& staging);
  /// Puts all numbers there, in the order in which `write` takes them; false when nobody takes them any more.
  bool put_into(Staging& staging) const;
  void let_go_of_tensors();

 private:
  struct Slot;

  void find_unchanged();
  void write_blobs(Output& out);
  std::span<const std::byte> bytes_of_chunk(Slot& slot) const;
  void encode(Slot& slot) const;
  void place(Slot& slot, Output& out);
  void add_blob(const Blob& blob, const Hash& digest);
  ChunkRecord carried(std::uint32_t base_blob, std::uint32_t blob, std::uint32_t chunk) const;
  void carry_over(std::uint32_t blob);
  void make_records();
  std::string label_of(std::uint32_t blob) const;

  const SaveOptions& options_;
  const Container* base_;
  std::uint32_t generation_ = 1;
  std::uint64_t chunk_size_;
  std::vector<std::byte> tree_, attributes_;
  std::vector<Tensor> tensors_;
  std::vector<std::string> names_;        // of tensors, where there is a base
  std::vector<std::uint32_t> unchanged_;  // of each blob: the base's blob that it is, or no_blob
  std::vector<std::uint32_t> similar_;    // of each blob: the base's blob of the same name, dtype and size, or no_blob
  std::vector<Hash> digests_;             // of each blob, where there is a base
  std::vector<TensorRecord> records_;
  std::vector<std::int64_t> dimensions_;
  std::vector<std::byte> locations_;
  BlobPlan plan_;
  Staging* staged_ = nullptr;
  std::vector<Hash> leaves_;  // of the blob that is being written
  bool in_run_ = false;       // whether the chunk before, of the same blob, was written
  std::vector<BlobRecord> blobs_;
  std::vector<ChunkRecord> chunks_;
  std::uint64_t done_ = 0;
};

}  // namespace cairn::io
