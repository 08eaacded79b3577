// Lines of the cache, and storing them past it: what is too large to be found there again should not drive out what is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace cairn::io {

/// From this size on what is written goes past the cache; less is found there by whoever reads it next.
inline constexpr std::size_t large_size = 256 << 10;

inline constexpr std::size_t line_size = 64;
inline bool begins_line(const void* at) { return reinterpret_cast<std::uintptr_t>(at) % line_size == 0; }

#if defined(__AVX512F__)
using Register = __m512i;
inline Register load_register(const Register* from) { return _mm512_loadu_si512(from); }
inline void store_register(Register* to, Register value) { _mm512_storeu_si512(to, value); }
inline void stream_register(Register* to, Register value) { _mm512_stream_si512(to, value); }
#elif defined(__AVX2__)
using Register = __m256i;
inline Register load_register(const Register* from) { return _mm256_loadu_si256(from); }
inline void store_register(Register* to, Register value) { _mm256_storeu_si256(to, value); }
inline void stream_register(Register* to, Register value) { _mm256_stream_si256(to, value); }
#elif defined(__x86_64__)
using Register = __m128i;
inline Register load_register(const Register* from) { return _mm_loadu_si128(from); }
inline void store_register(Register* to, Register value) { _mm_storeu_si128(to, value); }
inline void stream_register(Register* to, Register value) { _mm_stream_si128(to, value); }
#else
using Register = std::uint64_t;
inline Register load_register(const Register* from) {
  Register value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
inline void store_register(Register* to, Register value) { std::memcpy(to, &value, sizeof value); }
inline void stream_register(Register* to, Register value) { store_register(to, value); }
#endif

/// Stores registers side by side; `past_cache` only where a line begins, and a whole one.
template <bool past_cache, class... Registers>
void store(void* to, Registers... values) {
  auto* at = static_cast<Register*>(to);
  if constexpr (past_cache)
    (stream_register(at++, values), ...);
  else
    (store_register(at++, values), ...);
}

/// Copies a line past the cache.
inline void stream_line(void* to, const void* from) {
  for (std::size_t i = 0; i < line_size / sizeof(Register); ++i)
    stream_register(static_cast<Register*>(to) + i, load_register(static_cast<const Register*>(from) + i));
}

/// Between stores past the cache and whatever tells another thread of them.
inline void finish_stores() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

/// As core/cpu/kernel.h says.
inline void clear_upper_halves() {
#if defined(__AVX__)
  _mm256_zeroupper();
#endif
}

}  // namespace cairn::io
