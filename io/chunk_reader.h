// Chunks on their way from a file to where they are wanted.
//
// Whoever wants chunks lists them. Neighbours in the file are read with one call, into the memory where they are wanted
// if they lie there as they are, else aside; each is checked and unpacked straight into its place; on several threads
// if there are. Without a copy where the source can be looked at: memory, and mapped files, window by window.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <cairn/io/container.h>

namespace cairn::io {

struct ChunkWanted {
  std::uint32_t blob;
  std::uint32_t chunk;
  std::size_t number;  ///< The caller's.
};

class ChunkUser {
 public:
  virtual ~ChunkUser() = default;

  /// Host memory of the chunk's decoded size for all of it, or an empty span: then `take` gets it.
  virtual std::span<std::byte> place_for(const ChunkWanted& wanted) = 0;
  virtual void take(const ChunkWanted& wanted, std::span<const std::byte> decoded) = 0;

  /// What is worked on next, and what is done; from the thread that called `read_chunks`.
  virtual void begin(std::span<const ChunkWanted>) {}
  virtual void end(std::span<const ChunkWanted>) {}
};

/// Reads them in the order given. With `parallel` the user's first two functions are called by several threads at once.
/// Throws FormatError (of the first, in order, that is damaged), IoError, and whatever the user throws.
void read_chunks(const Container& container, std::span<const ChunkWanted> wanted, bool parallel, ChunkUser& user);

}  // namespace cairn::io
