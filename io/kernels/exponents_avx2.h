// What exponents_plain.h says, 32 elements at a time.
//
// Operations on bytes work on the two halves of a register apart from each other; the permutations of quarters and
// halves put in order what that leaves crosswise.
#pragma once

#include <cairn/io/kernels/exponents_block.h>

namespace cairn::io {

inline __m256i load_32(const Byte* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }
inline void store_32(Byte* to, __m256i value) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), value); }

/// The bits of `mask` from `a`, the others from `b`.
inline __m256i select_bits(__m256i mask, __m256i a, __m256i b) {
  return _mm256_or_si256(_mm256_and_si256(mask, a), _mm256_andnot_si256(mask, b));
}

/// Stores a line whose halves 0 and 2, 1 and 3 are `a` and `b`.
template <bool past_cache>
void store_crosswise(Byte* to, __m256i a, __m256i b) {
  store<past_cache>(to, _mm256_permute2x128_si256(a, b, 0x20), _mm256_permute2x128_si256(a, b, 0x31));
}

template <std::size_t width, bool past_cache>
void join(const Coding& coding, Streams<const Byte> from, const Byte* codes, const Byte* placed, Ahead& ahead,
          Byte* to) {
  const __m256i top = _mm256_set1_epi8(-128);
  const __m256i entries =
      _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(coding.entries)));
  for (std::size_t i = 0; i < block_elements; i += 32, to += 32 * width) {
    if (i % 64 == 0) ahead.go_on<width>(i);
    const __m256i signs = load_32(from.signs + i);
    const __m256i exponents = _mm256_or_si256(_mm256_shuffle_epi8(entries, load_32(codes + i)), load_32(placed + i));
    const __m256i lower = select_bits(top, _mm256_slli_epi16(exponents, 7), signs);
    const __m256i upper = select_bits(top, signs, _mm256_srli_epi16(exponents, 1));
    const __m256i a = _mm256_unpacklo_epi8(lower, upper), b = _mm256_unpackhi_epi8(lower, upper);
    if constexpr (width == 2) {
      store_crosswise<past_cache>(to, a, b);
    } else {
      const __m256i low = load_32(from.low + i * 2), low_2 = load_32(from.low + i * 2 + 32);
      const __m256i high = _mm256_permute2x128_si256(a, b, 0x20), high_2 = _mm256_permute2x128_si256(a, b, 0x31);
      store_crosswise<past_cache>(to, _mm256_unpacklo_epi16(low, high), _mm256_unpackhi_epi16(low, high));
      store_crosswise<past_cache>(to + 64, _mm256_unpacklo_epi16(low_2, high_2), _mm256_unpackhi_epi16(low_2, high_2));
    }
  }
}

/// The upper halves of 16 float32, whose lower ones go to `low`.
inline __m256i split_16(const Byte* from, Byte* low) {
  const __m256i a = load_32(from), b = load_32(from + 32), mask = _mm256_set1_epi32(0xffff);
  store_32(low,
           _mm256_permute4x64_epi64(_mm256_packus_epi32(_mm256_and_si256(a, mask), _mm256_and_si256(b, mask)), 0xd8));
  return _mm256_permute4x64_epi64(_mm256_packus_epi32(_mm256_srli_epi32(a, 16), _mm256_srli_epi32(b, 16)), 0xd8);
}

template <std::size_t width>
void split(const Coding& coding, const Byte* from, Streams<Byte> to, Byte* codes, Byte* exponents) {
  const __m256i top = _mm256_set1_epi8(-128), byte = _mm256_set1_epi16(0xff);
  for (std::size_t i = 0; i < block_elements; i += 32, from += 32 * width) {
    __m256i a, b;
    if constexpr (width == 2) {
      a = load_32(from), b = load_32(from + 32);
    } else {
      a = split_16(from, to.low + i * 2), b = split_16(from + 64, to.low + i * 2 + 32);
    }
    const auto narrow = [](__m256i x, __m256i y) { return _mm256_permute4x64_epi64(_mm256_packus_epi16(x, y), 0xd8); };
    const __m256i lower = narrow(_mm256_and_si256(a, byte), _mm256_and_si256(b, byte));
    const __m256i upper = narrow(_mm256_srli_epi16(a, 8), _mm256_srli_epi16(b, 8));
    const __m256i exponent =
        _mm256_or_si256(_mm256_add_epi8(upper, upper), _mm256_srli_epi16(_mm256_and_si256(lower, top), 7));
    store_32(to.signs + i, select_bits(top, upper, lower));
    store_32(exponents + i, exponent);
    __m256i code = _mm256_set1_epi8(static_cast<char>(coding.escape));
    for (unsigned entry = 0; entry < coding.escape; ++entry) {
      const __m256i is_entry = _mm256_cmpeq_epi8(exponent, _mm256_set1_epi8(static_cast<char>(coding.entries[entry])));
      code = _mm256_blendv_epi8(code, _mm256_set1_epi8(static_cast<char>(entry)), is_entry);
    }
    store_32(codes + i, code);
  }
}

}  // namespace cairn::io
