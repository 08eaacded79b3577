// Commit records: which of a file's states counts.
//
//   header │ generation 1 │ c │ generation 2 │ c │ generation 3, torn
//                                              ▲
// A generation exists once its commit record is there; it is written last, after all else has reached the disk. So the
// newest record at the end of the file counts. What follows the last valid record was never committed: an append that
// did not end. Only where the end looks like a damaged record is the file refused: it may have held what was committed.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <cairn/io/format.h>
#include <cairn/io/source.h>

namespace cairn::io {

struct Commit {
  CommitRecord record;
  std::uint64_t offset = 0;  ///< Of the record, in the file.
  std::uint64_t end() const { return offset + sizeof(CommitRecord); }
  std::uint64_t index_size() const { return offset - record.index_offset; }
};

Header sealed_header();

/// Throws FormatError, with a guess at what the file is, unless it begins as a container of this version does.
void check_header(const Source& source);

/// The commit record at that offset, or nothing if what is there is none.
std::optional<Commit> commit_at(const Source& source, std::uint64_t offset);

/// The record as it would be read from `offset`, checked; or nothing.
std::optional<Commit> as_commit(const CommitRecord& record, std::uint64_t offset);
void seal(CommitRecord& record, std::uint64_t offset);  ///< Sets its checksum.

/// The last commit record that is valid, at or before `end`; nothing if there is none.
std::optional<Commit> last_commit(const Source& source, std::uint64_t end);

/// The newest state of the file. Throws FormatError where there is none, and where the file ends with a damaged record.
Commit newest_commit(const Source& source);

/// The commits of a file, the given one and all before it, newest first. Throws FormatError where one is missing.
std::vector<Commit> history(const Source& source, const Commit& newest);

/// Throws FormatError if reading needs a feature that this version does not know.
void check_features(const Source& source, const Commit& commit);

}  // namespace cairn::io
