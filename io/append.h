// A file's history: states appended to it, listed, and dropped.
//
//   io::append("run.cairn", state);                     // what has changed since, and an index
//   for (const auto& g : io::generations("run.cairn"))  std::cout << g.generation << " " << g.added << "\n";
//   Value before = io::load("run.cairn", {.generation = 2});
//   io::repack("run.cairn");                            // the newest alone
//
// Each state is a generation. An older one is never touched, so that a process or a machine that stops at any moment
// leaves the file with its last complete state: what was appended and never finished is cut off by the next append.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <cairn/core/value.h>
#include <cairn/io/limits.h>
#include <cairn/io/save.h>

namespace cairn::io {

/// Makes `value` the newest state of the file, or creates the file. Tensors whose numbers are as they were, under
/// whatever name, take no space again; of one that has changed only the chunks that did, if its name, dtype and size
/// are the same. All numbers are hashed to tell, so it takes as long as a save does without writing. `chunk_size` is
/// the file's. What is carried over is not read again: that it is whole is `verify`'s to say. Attributes are those
/// given, none if there are none. Waits for another process that appends. Once it has returned the new state survives a
/// loss of power (with `synced`). Throws as `save` does, and FormatError when the file is no container; after an error
/// the file is as it was.
void append(const std::string& path, const Value& value, const SaveOptions& options = {});

struct EditOptions {
  bool synced = true;
  Limits limits = {};
  FileSystem* file_system = nullptr;
};

/// Replaces all attributes of the file. A generation of its own, of which nothing but the index is written. Throws
/// KeyError for a tensor that is not there.
void edit(const std::string& path, const Attributes& attributes, const EditOptions& options = {});

struct Generation {
  std::uint32_t generation = 0;
  std::array<std::byte, 16> root_digest{};  ///< Of the state: see hexadecimal() in inspect.h.
  std::uint64_t begin = 0;                  ///< Where its bytes begin in the file.
  std::uint64_t added = 0;                  ///< How many it added.
};

/// All states of the file, oldest first.
std::vector<Generation> generations(const std::string& path);
std::vector<Generation> generations(const SourceReference& source);

/// Replaces the file, at once, by one that holds its newest state alone. Chunks are checked and copied as they are
/// packed. With `to`, the new file is that one, and the old one stays.
void repack(const std::string& path, const EditOptions& options = {}, const Progress& progress = {});
void repack(const std::string& path, const std::string& to, const EditOptions& options = {},
            const Progress& progress = {});

}  // namespace cairn::io
