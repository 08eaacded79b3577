// Whether a file is as it was written: every byte of it is covered by a checksum, or must be zero.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <cairn/core/progress.h>
#include <cairn/io/limits.h>
#include <cairn/io/source.h>

namespace cairn::io {

/// Bytes of a file that are not what was written: the fault lies somewhere in [offset, offset + length).
struct Damage {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  ///< At most a chunk.
  std::string section;       ///< "header", "chunk", "padding", "index", "commit record", "blob", "torn"
  std::string tensor;        ///< The name of the first tensor concerned, if it is one.
  std::string found;         ///< What is wrong there.
};

std::string to_string(const Damage& damage);

struct VerifyOptions {
  Limits limits = {};
  Progress progress = {};  ///< Bytes of the file checked, and their total.
};

/// Reads every byte of all generations and lists every damage that can be told; empty: the file is whole. Where a
/// commit record or an index is damaged its chunks cannot be found, so only what other generations tell is listed.
/// Bytes behind the last commit record are "torn": of an append that did not end. Throws FormatError when the file is
/// no container, or one of another version; IoError when it cannot be read; Cancelled.
std::vector<Damage> verify(const std::string& path, const VerifyOptions& options = {});
std::vector<Damage> verify(const SourceReference& source, const VerifyOptions& options = {});

}  // namespace cairn::io
