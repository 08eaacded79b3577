// What a file that is no container probably is, so that the error can say what to do with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace cairn::io {

inline constexpr std::size_t recognized_prefix = 512;  // how much of a file's beginning is looked at

/// "this looks like ...", or an empty text. `bytes` is the beginning of the file, at most `recognized_prefix` of it.
std::string recognize(std::span<const std::byte> bytes, std::uint64_t file_size);

}  // namespace cairn::io
