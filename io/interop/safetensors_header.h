// The header of a safetensors file, parsed and checked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cairn/core/dtype.h>
#include <cairn/core/shape.h>

namespace cairn::interop {

struct SafetensorsEntry {
  std::string name;
  DType dtype = DType::float32;
  Shape shape;
  std::uint64_t begin = 0, end = 0;  ///< Counted from the end of the header.
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> tensors;  ///< In the order of the header.
  std::vector<std::pair<std::string, std::string>> metadata;
};

/// `json` is the header, `file` names it in messages, `data_size` is what follows it. Throws FormatError or DTypeError.
SafetensorsHeader parse_safetensors_header(std::string_view json, const std::string& file, std::uint64_t data_size);

}  // namespace cairn::interop
