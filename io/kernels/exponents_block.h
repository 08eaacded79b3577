// A block of the codec `exponents`: what packing and unpacking it is given, and the parts of a block it is about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <cairn/io/kernels/hash.h>
#include <cairn/io/kernels/store.h>

namespace cairn::io {

using Byte = unsigned char;

inline constexpr std::size_t block_elements = 2048;

/// What may be read or written behind each stream of a block, and behind as many escapes as a block has elements.
inline constexpr std::size_t slack = 64;

/// How the exponents of a chunk are coded: as i if they are entries[i]; the code `escape` is the highest of `bits`
/// bits.
struct Coding {
  unsigned bits, escape;
  Byte entries[16];   // zero from `escape` on
  Byte code_of[256];  // by exponent; for packing only
};

template <class B>
struct Streams {
  B *low, *signs, *codes, *escapes;
};

/// What goes on in the stored bytes ahead of the unpacking: lines are asked for, so that memory is at work all the
/// time, and, if there is a hash, it takes the piece that is unpacked next.
struct Ahead {
  RunningHash* running;
  const Byte *at, *end;

  void hash(std::size_t size) {
    if (size > static_cast<std::size_t>(end - at)) size = end - at;
    if (running) add(*running, reinterpret_cast<const std::byte*>(at), size);
    at += size;
  }

  /// To be called for every 64th element of a block. Measured: pieces of 1.5 to 3 KiB, lines of 4 to 16 KiB ahead.
  template <std::size_t width>
  void go_on(std::size_t element) {
    constexpr std::size_t piece_elements = width == 2 ? 2048 : 512;
    constexpr std::size_t piece = piece_elements * (width * 8 - 4) / 8;
    if (element % piece_elements == 0) hash(piece);
    constexpr std::size_t lines = width * 3 / 4 + 1;  // that 64 elements take, rounded up
    const auto next = reinterpret_cast<std::uintptr_t>(at) + 8192 + element % piece_elements * lines;
    for (std::size_t line = 0; line < lines; ++line)
      __builtin_prefetch(reinterpret_cast<void*>(next + line * line_size));
  }
};

}  // namespace cairn::io
