// The elements of a block and their parts, one after the other: what the layout means, for every machine.
#pragma once

#include <cairn/io/kernels/exponents_block.h>

namespace cairn::io {

template <std::size_t width, bool past_cache>
void join(const Coding& coding, Streams<const Byte> from, const Byte* codes, const Byte* placed, Ahead& ahead,
          Byte* to) {
  for (std::size_t i = 0; i < block_elements; ++i) {
    if (i % 64 == 0) ahead.go_on<width>(i);
    const unsigned exponent = coding.entries[codes[i]] | placed[i], sign = from.signs[i];
    const std::uint16_t upper = static_cast<std::uint16_t>((sign & 0x80) << 8 | exponent << 7 | (sign & 0x7f));
    if constexpr (width == 4) std::memcpy(to + i * width, from.low + i * 2, 2);
    std::memcpy(to + i * width + (width - 2), &upper, 2);
  }
}

template <std::size_t width>
void split(const Coding& coding, const Byte* from, Streams<Byte> to, Byte* codes, Byte* exponents) {
  for (std::size_t i = 0; i < block_elements; ++i) {
    std::uint16_t upper;
    std::memcpy(&upper, from + i * width + (width - 2), 2);
    if constexpr (width == 4) std::memcpy(to.low + i * 2, from + i * width, 2);
    to.signs[i] = static_cast<Byte>((upper >> 8 & 0x80) | (upper & 0x7f));
    exponents[i] = static_cast<Byte>(upper >> 7);
    codes[i] = coding.code_of[exponents[i]];
  }
}

}  // namespace cairn::io
