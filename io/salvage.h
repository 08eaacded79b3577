// What can be had of a damaged file.
//
// `load` refuses a file in which anything that it needs is not as it was written. Salvage goes back to the newest state
// whose index is whole, reads every chunk of it that is, and says what is missing: damaged chunks become zeros.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <cairn/core/value.h>
#include <cairn/io/verify.h>

namespace cairn::io {

struct Salvaged {
  Value value;                   ///< All tensors, on the CPU.
  std::uint32_t generation = 0;  ///< The state they are of.
  std::uint64_t behind =
      0;  ///< Bytes of the file behind it: newer states that are lost, or an append that did not end.
  std::vector<Damage> missing;  ///< Chunks that are zeros now, in the order of the file, with the tensors they are of.
};

/// Throws FormatError when there is no state whose index is whole; IoError when the file cannot be opened; Cancelled. A
/// chunk that the system cannot read is damaged.
Salvaged salvage(const std::string& path, const VerifyOptions& options = {});
Salvaged salvage(const SourceReference& source, const VerifyOptions& options = {});

}  // namespace cairn::io
