// Reading safetensors files: a header in JSON, then the numbers of all tensors, one after another.
//
//   ┌──────────┬───────────────────────────────────────────────────┬──────────────────────────┐
//   │ N, 8     │ {"fc.bias": {"dtype": "F32", "shape": [2],        │ numbers, little-endian,  │
//   │ bytes    │   "data_offsets": [0, 8]}, ...}       N bytes     │ without gaps             │
//   └──────────┴───────────────────────────────────────────────────┴──────────────────────────┘
//
// The format has no checksum, so what can be checked is checked: that the header is nothing but this, that no name
// comes twice, and that the tensors cover the rest of the file exactly, none over another.
#pragma once

#include <cstdint>
#include <string>

#include <cairn/core/state_dict.h>
#include <cairn/core/value.h>
#include <cairn/io/source.h>

namespace cairn::interop {

struct SafetensorsOptions {
  std::uint64_t header_size = 100'000'000;  ///< A header of more bytes is refused.
  Dict* metadata = nullptr;                 ///< Receives the file's "__metadata__", texts by text, if given.
};

/// The tensors of the file, on the CPU, in the order of its header. Throws FormatError, naming the place, for anything
/// that is not exactly the format; DTypeError for an element type that Cairn has not; IoError when it cannot be read.
StateDict load_safetensors(const std::string& path, const SafetensorsOptions& options = {});
StateDict load_safetensors(const io::Source& source, const SafetensorsOptions& options = {});

}  // namespace cairn::interop
