// Where a file's bytes are read from: anything that can be read at an offset.
//
// A container is read through a Source: a path, a descriptor that somebody else opened (at an offset, for a container
// inside another file), memory, a stream, or a function of yours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
#include <span>
#include <string>

#include <cairn/core/state_dict.h>
#include <cairn/core/value.h>

namespace cairn::io {

/// Bytes of a source where they lie: valid as long as this is.
struct SourceView {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> holder = nullptr;  ///< What keeps them there, if something must.
};

/// How a source is best read.
struct ReadPattern {
  std::uint64_t unit = std::uint64_t{1} << 20;  ///< Bytes to ask for at once, where so many are wanted.
  std::uint64_t gap = 4 << 10;                  ///< Bytes that are cheaper to read in vain than to ask a second time.
  std::uint64_t tail = 16 << 10;  ///< Bytes of the end to ask for first: the index, of most files. 0: not at all.
  bool is_distant = false;  ///< Every call is a round trip: none is made for the header, which says nothing of its own.
};

class Source {
 public:
  virtual ~Source() = default;

  virtual std::uint64_t size() const = 0;

  /// Fills `to` with the bytes from `offset` on. Throws IoError when the system refuses, FormatError when the source
  /// ends before `to` is full. May be called by several threads at once.
  virtual void read(std::uint64_t offset, std::span<std::byte> to) const = 0;

  /// The same bytes without a copy, where that is possible; otherwise an empty view, and `read` is the way. The range
  /// lies within the source.
  virtual SourceView view(std::uint64_t offset, std::uint64_t size) const;

  virtual ReadPattern pattern() const { return {}; }

  /// What messages call it: a path, "memory".
  virtual const std::string& name() const = 0;
};

using SourceReference = std::shared_ptr<const Source>;

/// How a file's bytes come into the process.
enum class Access : std::uint8_t {
  read,    ///< pread, into the memory where they are wanted.
  mapped,  ///< Mapped in windows of some MiB, which saves a copy. Only for files that nobody cuts short meanwhile: the
           ///< system kills a process that touches what is gone. Refused on network file systems.
};

/// The file at `path`. Throws IoError when it cannot be opened, is no regular file, or must not be mapped.
SourceReference open_source(const std::string& path, Access access = Access::read);

/// `size` bytes from `offset` on of an open descriptor, which stays the caller's and must stay open; without a size,
/// all that follows.
SourceReference descriptor_source(int descriptor, std::uint64_t offset = 0, std::uint64_t size = UINT64_MAX,
                                  Access access = Access::read);

/// Memory of the caller's, which must outlive the source and every deferred tensor read from it.
SourceReference memory_source(std::span<const std::byte> bytes);
SourceReference memory_source(Bytes bytes);  ///< Owned.

/// All that is left of a stream, read into memory. Throws IoError when the stream fails.
SourceReference stream_source(std::istream& stream);

/// `read(offset, to)` fills `to`, or throws; it is called by one thread at a time. Calls are taken to be dear, as those
/// over a network are: few and large ones are made.
SourceReference function_source(std::uint64_t size,
                                std::function<void(std::uint64_t offset, std::span<std::byte> to)> read,
                                std::string name = "a function");

}  // namespace cairn::io
