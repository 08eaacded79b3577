// The loops over bytes that gain from wide registers: hashing, copying, and the codec `exponents`.
//
// The other files of this folder are compiled once for each instruction set, under the rules that core/cpu/kernel.h
// states: everything in a namespace of its own, nothing of std:: with state, one C function that hands out the table.
// What they compute is the same on every set, bit for bit.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {

struct CairnByteKernels {
  /// XXH3-128 of `size` bytes: its low and its high half.
  void (*hash)(const std::byte* bytes, std::size_t size, std::uint64_t halves[2]);
  void (*hash_and_copy)(const std::byte* from, std::size_t size, std::byte* to, std::uint64_t halves[2]);
  void (*copy_past_cache)(const std::byte* from, std::size_t size, std::byte* to);

  /// See codecs/exponents.cpp. Elements take `width` bytes, 2 or 4. `halves` get the hash of what is read,
  /// whatever comes of it, or are null.
  std::size_t (*encode_exponents)(const std::byte* chunk, std::size_t size, std::size_t width, std::byte* out,
                                  std::size_t room, std::uint64_t halves[2]);
  const char* (*decode_exponents)(const std::byte* stored, std::size_t stored_size, std::size_t width, std::byte* to,
                                  std::size_t size, std::uint64_t halves[2]);
};

}  // extern "C"

namespace cairn::io {

/// Those of the instruction set in use, or of the next lower one where the machine lacks what they need beyond it.
const CairnByteKernels& byte_kernels();

}  // namespace cairn::io
