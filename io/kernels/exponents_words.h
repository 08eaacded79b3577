// Packing and unpacking a block with words of eight bytes, a code in each.
//
//   packed, 3 bits each     7 0 2 | 1 ...          the element, here bfloat16
//   codes                   .7 .0 .2 .1 ..           s eeeeeeee mmmmmmm
//   escapes                 .1 .  .  .  ..           └─┐ └────┐
//   exponents               9b 79 7a 78 ..           sign's byte smmmmmmm, exponent's byte eeeeeeee
//
// Unpacking is two loops over the block, which stays in the first-level cache: the first spreads codes into bytes and
// puts escapes in their places; the second, `join`, looks exponents up and joins them with the other bits. Packing goes
// the other way. The words are the machine's own bit deposit and extract where there is one (BMI2).
#pragma once

#include <cairn/io/kernels/exponents_block.h>

#if defined(__AVX2__)
#include <cairn/io/kernels/exponents_avx2.h>
#else
#include <cairn/io/kernels/exponents_plain.h>
#endif

namespace cairn::io {

inline std::uint64_t load_word(const Byte* from) {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}
inline void store_word(Byte* to, std::uint64_t word) { std::memcpy(to, &word, sizeof word); }

inline constexpr std::uint64_t ones = 0x0101010101010101;

/// 1 in the bytes that hold the code `escape`: its successor alone has the bit above.
inline std::uint64_t find_escapes(const Coding& coding, std::uint64_t codes) {
  return (codes + ones) >> coding.bits & ones;
}
inline std::size_t count_ones(std::uint64_t bytes) { return bytes * ones >> 56; }

#if defined(__BMI2__)
inline std::uint64_t spread_codes(const Coding& coding, std::uint64_t packed) {
  return _pdep_u64(packed, coding.escape * ones);
}
inline std::uint64_t pack_codes(const Coding& coding, std::uint64_t codes) {
  return _pext_u64(codes, coding.escape * ones);
}
/// The lowest bytes put into those that `places` marks with 1, and back.
inline std::uint64_t place_bytes(std::uint64_t bytes, std::uint64_t places) { return _pdep_u64(bytes, places * 255); }
inline std::uint64_t collect_bytes(std::uint64_t bytes, std::uint64_t places) { return _pext_u64(bytes, places * 255); }
#else
inline std::uint64_t spread_codes(const Coding& coding, std::uint64_t packed) {
  std::uint64_t codes = 0;
  for (unsigned i = 0; i < 8; ++i) codes |= (packed >> i * coding.bits & coding.escape) << i * 8;
  return codes;
}
inline std::uint64_t pack_codes(const Coding& coding, std::uint64_t codes) {
  std::uint64_t packed = 0;
  for (unsigned i = 0; i < 8; ++i) packed |= (codes >> i * 8 & coding.escape) << i * coding.bits;
  return packed;
}
inline std::uint64_t place_bytes(std::uint64_t bytes, std::uint64_t places) {
  std::uint64_t placed = 0;
  for (; places != 0; places &= places - 1, bytes >>= 8) placed |= (bytes & 255) << __builtin_ctzll(places);
  return placed;
}
inline std::uint64_t collect_bytes(std::uint64_t bytes, std::uint64_t places) {
  std::uint64_t collected = 0;
  for (unsigned at = 0; places != 0; places &= places - 1, at += 8)
    collected |= (bytes >> __builtin_ctzll(places) & 255) << at;
  return collected;
}
#endif

/// Unpacks a block, wherever its escapes end; returns how many it took.
template <std::size_t width, bool past_cache>
std::size_t unpack_block(const Coding& coding, Streams<const Byte> from, Ahead& ahead, Byte* to) {
  alignas(64) Byte codes[block_elements], placed[block_elements];
  const Byte* escapes = from.escapes;
  for (std::size_t i = 0; i < block_elements; i += 8, from.codes += coding.bits) {
    const std::uint64_t word = spread_codes(coding, load_word(from.codes)), places = find_escapes(coding, word);
    store_word(codes + i, word);
    store_word(placed + i, place_bytes(load_word(escapes), places));
    escapes += count_ones(places);
  }
  join<width, past_cache>(coding, from, codes, placed, ahead, to);
  return escapes - from.escapes;
}

/// Packs a block; returns how many escapes it has.
template <std::size_t width>
std::size_t pack_block(const Coding& coding, const Byte* from, Streams<Byte> to) {
  alignas(64) Byte codes[block_elements], exponents[block_elements];
  split<width>(coding, from, to, codes, exponents);
  for (std::size_t i = 0; i < block_elements; i += 8, to.codes += coding.bits)
    store_word(to.codes, pack_codes(coding, load_word(codes + i)));
  Byte* escapes = to.escapes;
  for (std::size_t i = 0; i < block_elements; i += 8) {
    const std::uint64_t places = find_escapes(coding, load_word(codes + i));
    store_word(escapes, collect_bytes(load_word(exponents + i), places));
    escapes += count_ones(places);
  }
  return escapes - to.escapes;
}

}  // namespace cairn::io
