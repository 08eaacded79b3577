// The end of a generation: its index, and the commit record that makes it count.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <cairn/io/format.h>
#include <cairn/io/output.h>

namespace cairn::io {

/// What an index is made of, in its order.
struct IndexParts {
  std::span<const std::byte> tensors, dimensions, blobs, locations, tree, attributes;
  std::uint64_t chunk_size = 0;
  std::span<const ChunkRecord> chunks;
};

/// Writes both behind what `out` has been given, for the generation that begins at `begin`. `before_commit` is called
/// between index and record, when all but the record has been handed on. Throws ValueError when the index is too large.
void write_commit(Output& out, const IndexParts& parts, std::uint32_t generation, std::uint64_t begin,
                  const std::function<void()>& before_commit);

}  // namespace cairn::io
