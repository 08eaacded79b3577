// How much a reader takes from a file before it refuses: the caller's to change, never the file's.
//
// A writer keeps to the defaults of what bounds a tree, so that whatever was saved can be loaded with them.
#pragma once

#include <cstdint>

namespace cairn::io {

struct Limits {
  std::uint64_t index_size = std::uint64_t{1} << 30;  ///< Bytes of the index.
  std::uint64_t tensors = std::uint64_t{16} << 20;
  std::uint64_t values = std::uint64_t{64} << 20;        ///< Values of the tree, tensors included.
  std::uint64_t key_size = 4096;                         ///< Bytes of UTF-8 in one key.
  int rank = 64;                                         ///< Dimensions of a tensor; at most 64.
  int depth = 64;                                        ///< Containers within containers.
  std::uint64_t chunk_size = std::uint64_t{64} << 20;    ///< Decoded bytes of a chunk.
  std::uint64_t decoded_size = std::uint64_t{64} << 30;  ///< Decoded bytes of all tensors together.
};

}  // namespace cairn::io
