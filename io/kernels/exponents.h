// What the table of kernels says of the codec `exponents`.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn::io {

std::size_t encode_exponents(const std::byte* chunk, std::size_t size, std::size_t width, std::byte* out,
                             std::size_t room, std::uint64_t halves[2]);
const char* decode_exponents(const std::byte* stored, std::size_t stored_size, std::size_t width, std::byte* to,
                             std::size_t size, std::uint64_t halves[2]);

}  // namespace cairn::io
