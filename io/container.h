// An open container: commit record and index verified, chunks to be read.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/core/value.h>
#include <cairn/io/bytes.h>
#include <cairn/io/commit.h>
#include <cairn/io/index.h>
#include <cairn/io/source.h>

namespace cairn::io {

/// What reading a chunk needs; one for each thread that reads.
struct Scratch {
  Buffer stored, decoded;
  SourceView view;  ///< Of what was read last, where the source can be looked at.
};

Scratch& thread_scratch();  ///< The calling thread's, kept from load to load.

/// An index as it lies in the file.
struct IndexBytes {
  Buffer owned;  ///< Empty when the source can be looked at.
  SourceView view;
  std::span<const std::byte> body;  ///< Without the piece checksums.
  std::span<const std::byte> checksums;
};

/// The index's bytes and piece checksums, the latter verified.
IndexBytes read_index(const Source& source, const Commit& commit, const Limits& limits);

/// Whether a piece of the index is as it was written.
bool is_piece_whole(const IndexBytes& bytes, std::uint64_t piece, const Commit& commit);

class Container {
 public:
  /// The newest state of the file, or that of a generation. Throws FormatError, and ValueError when there is no such
  /// generation.
  Container(SourceReference source, const Limits& limits, std::uint32_t generation = 0);

  /// The state of a commit that was found in the file.
  Container(SourceReference source, const Limits& limits, const Commit& commit);

  const Source& source() const { return *source_; }
  const SourceReference& source_reference() const { return source_; }
  const Limits& limits() const { return limits_; }
  const Commit& commit() const { return commit_; }
  const Index& index() const { return *index_; }

  /// Checks a chunk's stored bytes and unpacks them into `to`, which holds anything after a FormatError.
  void unpack(std::uint32_t blob, std::uint64_t chunk, std::span<const std::byte> stored,
              std::span<std::byte> to) const;

  /// Checks a chunk's stored bytes, and the elements, where it is raw.
  void check(std::uint32_t blob, std::uint64_t chunk, std::span<const std::byte> stored) const;

  /// A chunk's record with the checksum of its bytes alone, bound to no place: the same in every generation.
  ChunkRecord unbound(std::uint32_t blob, std::uint64_t chunk) const;

  /// The stored bytes of a chunk, unchecked: in `scratch`, or where the source keeps them.
  std::span<const std::byte> read_stored(std::uint32_t blob, std::uint64_t chunk, Scratch& scratch) const;

  /// The decoded bytes of a chunk, checked: in `scratch`, or where the source keeps them.
  std::span<const std::byte> read(std::uint32_t blob, std::uint64_t chunk, Scratch& scratch) const;

  /// Names of all tensors: their paths in the tree, escaped unless asked otherwise (see Value::for_each_tensor).
  std::vector<std::string> names(bool escape = true) const;
  std::vector<std::string> labels() const;             ///< What people call them: see labels.h.
  std::string name_of_blob(std::uint32_t blob) const;  ///< The label of its first tensor.

 private:
  void open_index(const Source& source);
  Value tree_of_undefined() const;
  void check_checksum(std::uint32_t blob, std::uint64_t chunk, std::uint64_t found, std::uint64_t expected) const;
  [[noreturn]] void fail(std::uint32_t blob, std::uint64_t chunk, std::string_view found,
                         std::string_view expected) const;

  SourceReference source_;
  Limits limits_;
  Commit commit_;
  IndexBytes bytes_;
  std::optional<Index> index_;
};

}  // namespace cairn::io
