// An open container: header, commit record and index verified, chunks to be read.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/core/value.h>
#include <cairn/io/bytes.h>
#include <cairn/io/index.h>
#include <cairn/io/source.h>

namespace cairn::io {

/// What reading a chunk needs; one for each thread that reads.
struct Scratch {
  Buffer stored, decoded;
};

Scratch& thread_scratch();  ///< The calling thread's, kept from load to load.

// The parts of a file, each checked on its own, so that `verify` can go on after one that is damaged.

/// Throws FormatError, with a guess at what the file is, unless it begins as a container does.
Header check_header(const Source& source);
CommitRecord check_commit_record(const Source& source);

struct IndexBytes {
  std::vector<std::byte> owned;     ///< Empty when the source lies in memory.
  std::span<const std::byte> body;  ///< Without the piece checksums.
  std::span<const std::byte> checksums;
};

/// The index's bytes and piece checksums, the latter verified.
IndexBytes read_index(const Source& source, const CommitRecord& commit, const Limits& limits);

/// Whether a piece of the index is as it was written.
bool is_piece_whole(const IndexBytes& bytes, std::uint64_t piece, std::uint64_t generation);
void check_index(const IndexBytes& bytes, const Source& source, const CommitRecord& commit);

class Container {
 public:
  Container(SourceReference source, const Limits& limits);

  const Source& source() const { return *source_; }
  const CommitRecord& commit() const { return commit_; }
  const Index& index() const { return *index_; }

  /// The decoded bytes of a chunk, verified: in `scratch`, or where the source keeps them.
  std::span<const std::byte> read(std::uint32_t blob, std::uint64_t chunk, Scratch& scratch) const;

  /// The same into `to`, which is not touched before the chunk has been verified.
  void read_into(std::uint32_t blob, std::uint64_t chunk, Scratch& scratch, std::span<std::byte> to) const;

  /// Names of all tensors: their paths in the tree, escaped unless asked otherwise (see Value::for_each_tensor).
  std::vector<std::string> names(bool escape = true) const;
  std::vector<std::string> labels() const;             ///< What people call them: see labels.h.
  std::string name_of_blob(std::uint32_t blob) const;  ///< The label of its first tensor.

 private:
  Value tree_of_undefined() const;
  const std::byte* fetch(std::uint32_t blob, std::uint64_t chunk, const Index::Chunk& entry, Scratch& scratch) const;
  [[noreturn]] void fail(std::uint32_t blob, std::uint64_t chunk, const Index::Chunk& entry, std::string_view found,
                         std::string_view expected) const;

  SourceReference source_;
  Limits limits_;
  CommitRecord commit_;
  IndexBytes bytes_;
  std::optional<Index> index_;
};

}  // namespace cairn::io
