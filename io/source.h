// Where a file's bytes are read from: anything that can be read at an offset.
//
// A container is read through a Source: a path, a descriptor that somebody else opened (at an offset, for a container
// inside another file), memory, or a function of yours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include <cairn/core/state_dict.h>
#include <cairn/core/value.h>

namespace cairn::io {

class Source {
 public:
  virtual ~Source() = default;

  virtual std::uint64_t size() const = 0;

  /// Fills `to` with the bytes from `offset` on. Throws IoError when the system refuses, FormatError when the source
  /// ends before `to` is full. May be called by several threads at once.
  virtual void read(std::uint64_t offset, std::span<std::byte> to) const = 0;

  /// All bytes, if they lie in memory anyway; otherwise an empty span, and `read` is the way.
  virtual std::span<const std::byte> memory() const { return {}; }

  /// What messages call it: a path, "memory".
  virtual const std::string& name() const = 0;
};

using SourceReference = std::shared_ptr<const Source>;

/// The file at `path`. Throws IoError when it cannot be opened or is no regular file.
SourceReference open_source(const std::string& path);

/// `size` bytes from `offset` on of an open descriptor, which stays the caller's and must stay open; without a size,
/// all that follows.
SourceReference descriptor_source(int descriptor, std::uint64_t offset = 0, std::uint64_t size = UINT64_MAX);

/// Memory of the caller's, which must outlive the source and every deferred tensor read from it.
SourceReference memory_source(std::span<const std::byte> bytes);
SourceReference memory_source(Bytes bytes);  ///< Owned.

/// `read(offset, to)` fills `to`, or throws; it is called by one thread at a time.
SourceReference function_source(std::uint64_t size,
                                std::function<void(std::uint64_t offset, std::span<std::byte> to)> read,
                                std::string name = "a function");

}  // namespace cairn::io
