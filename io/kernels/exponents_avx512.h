// Packing and unpacking a block 64 elements at a time, in registers (AVX-512 with VBMI and VBMI2).
//
// The bytes of eight codes are brought into each word of eight bytes, and every byte of it takes its bits from there.
// Escapes are expanded into, or compressed from, the bytes whose code says so.
#pragma once

#include <cairn/io/kernels/exponents_block.h>

namespace cairn::io {

inline __m512i load_64(const Byte* from) { return _mm512_loadu_si512(from); }
inline void store_64(Byte* to, __m512i value) { _mm512_storeu_si512(to, value); }

/// The bits of `mask` from `a`, the others from `b`.
inline __m512i select_bits(__m512i mask, __m512i a, __m512i b) { return _mm512_ternarylogic_epi64(mask, a, b, 0xca); }

/// A register whose byte i is f(i).
struct alignas(64) Bytes {
  Byte at[64];

  template <class F>
  constexpr Bytes(F f) : at{} {
    for (unsigned i = 0; i < 64; ++i) at[i] = static_cast<Byte>(f(i));
  }
  operator __m512i() const { return load_64(at); }
};

/// Which bytes of two registers, 0 to 63 and 64 to 127, make another one.
template <unsigned size, unsigned half>  // their elements of `size` bytes alternately: the first half, or the second
constexpr Bytes interleaved([](unsigned i) { return i / size % 2 * 64 + half * 32 + i / size / 2 * size + i % size; });
template <unsigned size, unsigned part>  // of each two elements of `size` bytes the first, or the second
constexpr Bytes every_other([](unsigned i) { return (i / size * 2 + part) * size + i % size; });

/// By the bits of a code: the bytes with the codes for each eight bytes, the bit where each of the eight begins, and
/// the bytes that remain of each eight when their codes are joined.
template <unsigned bits>
constexpr Bytes bytes_of_word([](unsigned i) { return i / 8 * bits + i % 8; });
template <unsigned bits>
constexpr Bytes first_bits([](unsigned i) { return i % 8 * bits; });
template <unsigned bits>
constexpr Bytes bytes_of_codes([](unsigned i) { return i / bits * 8 + i % bits; });
constexpr const Bytes* by_bits(const Bytes& two, const Bytes& three, const Bytes& four, unsigned bits) {
  return bits == 2 ? &two : bits == 3 ? &three : &four;
}

template <std::size_t width, bool past_cache>
std::size_t unpack_block(const Coding& coding, Streams<const Byte> from, Ahead& ahead, Byte* to) {
  const unsigned bits = coding.bits;
  const __m512i word_bytes = *by_bits(bytes_of_word<2>, bytes_of_word<3>, bytes_of_word<4>, bits);
  const __m512i first_bit = *by_bits(first_bits<2>, first_bits<3>, first_bits<4>, bits);
  const __m512i escape = _mm512_set1_epi8(static_cast<char>(coding.escape));
  const __m512i entries = _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(coding.entries)));
  const __m512i top = _mm512_set1_epi8(-128);
  const __m512i bytes_1 = interleaved<1, 0>, bytes_2 = interleaved<1, 1>;
  const __m512i words_1 = interleaved<2, 0>, words_2 = interleaved<2, 1>;
  const Byte* escapes = from.escapes;
  for (std::size_t i = 0; i < block_elements; i += 64, from.codes += 8 * bits, to += 64 * width) {
    ahead.go_on<width>(i);
    const __m512i packed = _mm512_castsi256_si512(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from.codes)));
    const __m512i words = _mm512_permutexvar_epi8(word_bytes, packed);
    const __m512i codes = _mm512_and_si512(_mm512_multishift_epi64_epi8(first_bit, words), escape);
    const __mmask64 escaped = _mm512_cmpeq_epi8_mask(codes, escape);
    const __m512i exponents = _mm512_mask_expand_epi8(_mm512_shuffle_epi8(entries, codes), escaped, load_64(escapes));
    escapes += _mm_popcnt_u64(escaped);
    const __m512i signs = load_64(from.signs + i);
    const __m512i lower = select_bits(top, _mm512_slli_epi16(exponents, 7), signs);
    const __m512i upper = select_bits(top, signs, _mm512_srli_epi16(exponents, 1));
    const __m512i high_1 = _mm512_permutex2var_epi8(lower, bytes_1, upper);
    const __m512i high_2 = _mm512_permutex2var_epi8(lower, bytes_2, upper);
    if constexpr (width == 2) {
      store<past_cache>(to, high_1);
      store<past_cache>(to + 64, high_2);
    } else {
      const __m512i low_1 = load_64(from.low + i * 2), low_2 = load_64(from.low + i * 2 + 64);
      store<past_cache>(to, _mm512_permutex2var_epi8(low_1, words_1, high_1));
      store<past_cache>(to + 64, _mm512_permutex2var_epi8(low_1, words_2, high_1));
      store<past_cache>(to + 128, _mm512_permutex2var_epi8(low_2, words_1, high_2));
      store<past_cache>(to + 192, _mm512_permutex2var_epi8(low_2, words_2, high_2));
    }
  }
  return escapes - from.escapes;
}

template <std::size_t width>
std::size_t pack_block(const Coding& coding, const Byte* from, Streams<Byte> to) {
  const unsigned bits = coding.bits;
  const __m512i lower_bytes = every_other<1, 0>, upper_bytes = every_other<1, 1>;
  const __m512i lower_words = every_other<2, 0>, upper_words = every_other<2, 1>;
  const __m512i codes_0 = load_64(coding.code_of), codes_1 = load_64(coding.code_of + 64);
  const __m512i codes_2 = load_64(coding.code_of + 128), codes_3 = load_64(coding.code_of + 192);
  const __m512i escape = _mm512_set1_epi8(static_cast<char>(coding.escape)), top = _mm512_set1_epi8(-128);
  // Codes are joined in pairs, fours and eights, each to the left of the one before; then the words lose their rest.
  const __m512i pairs = _mm512_set1_epi16(static_cast<short>(1 | 1 << (8 + bits)));
  const __m512i fours = _mm512_set1_epi32(1 | 1 << (16 + 2 * bits));
  const __m512i remaining = *by_bits(bytes_of_codes<2>, bytes_of_codes<3>, bytes_of_codes<4>, bits);
  Byte* escapes = to.escapes;
  for (std::size_t i = 0; i < block_elements; i += 64, from += 64 * width, to.codes += 8 * bits) {
    for (std::size_t line = 0; line < 64 * width; line += line_size)  // of the next block
      __builtin_prefetch(
          reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(from) + block_elements * width + line));
    __m512i high_1 = load_64(from), high_2 = load_64(from + 64);
    if constexpr (width == 4) {
      const __m512i b = high_2, c = load_64(from + 128), d = load_64(from + 192);
      store_64(to.low + i * 2, _mm512_permutex2var_epi8(high_1, lower_words, b));
      store_64(to.low + i * 2 + 64, _mm512_permutex2var_epi8(c, lower_words, d));
      high_1 = _mm512_permutex2var_epi8(high_1, upper_words, b);
      high_2 = _mm512_permutex2var_epi8(c, upper_words, d);
    }
    const __m512i lower = _mm512_permutex2var_epi8(high_1, lower_bytes, high_2);
    const __m512i upper = _mm512_permutex2var_epi8(high_1, upper_bytes, high_2);
    store_64(to.signs + i, select_bits(top, upper, lower));
    const __m512i exponents =
        _mm512_or_si512(_mm512_add_epi8(upper, upper), _mm512_srli_epi16(_mm512_and_si512(lower, top), 7));
    const __m512i codes =
        _mm512_mask_blend_epi8(_mm512_movepi8_mask(exponents), _mm512_permutex2var_epi8(codes_0, exponents, codes_1),
                               _mm512_permutex2var_epi8(codes_2, exponents, codes_3));
    const __mmask64 escaped = _mm512_cmpeq_epi8_mask(codes, escape);
    store_64(escapes, _mm512_maskz_compress_epi8(escaped, exponents));
    escapes += _mm_popcnt_u64(escaped);
    const __m512i four = _mm512_madd_epi16(_mm512_maddubs_epi16(pairs, codes), fours);
    const __m512i eight =
        _mm512_or_si512(_mm512_and_si512(four, _mm512_set1_epi64(0xffffffff)), _mm512_srli_epi64(four, 32 - 4 * bits));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to.codes),
                        _mm512_castsi512_si256(_mm512_permutexvar_epi8(remaining, eight)));
  }
  return escapes - to.escapes;
}

}  // namespace cairn::io
