// Lines of a matrix turned into packets with a lane for each line, so that numbers that lie a line apart are read
// nearly as fast as those side by side.
//
//   line 0   a0 a1 a2 a3 │ a4 ...                     a0 b0 c0 d0 │ e0 f0 g0 h0 │ ...
//   line 1   b0 b1 b2 b3 │                            a1 b1 c1 d1 │ e1 f1 g1 h1 │ ...
//   line 2   c0 c1 c2 c3 │          becomes           a2 b2 c2 d2 │ ...
//   line 3   d0 d1 d2 d3 │                            a3 b3 c3 d3 │ ...
//   line 4   e0 e1 ...
//
// Sixteen bytes of each line are read. Those of lines 0, 4, 8 ... make a register, those of 1, 5, 9 ... the next; then
// the squares that lie one behind the other in these registers are turned, all at the same time.
#pragma once

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include <utility>

#include <cairn/core/cpu/packet.h>

namespace cairn {

/// How many numbers of each line are turned at once.
template <class T>
inline constexpr int turned_count = Packet<T>::size == 1 ? 1 : 16 / static_cast<int>(sizeof(T));

template <class T>
struct Turned {
  Packet<T> at[turned_count<T>];  // at[i]: number i of every line
};

namespace detail {

/// Sixteen bytes from each of the addresses at(0), at(1) ..., a register full of them.
template <class F>
[[gnu::always_inline]] inline auto join(F&& at) {
#if defined(__AVX2__)
  const auto piece = [&](int i) { return _mm_loadu_ps(reinterpret_cast<const float*>(at(i))); };
#endif
#if defined(__AVX512F__)
  const __m512 two = _mm512_insertf32x4(_mm512_castps128_ps512(piece(0)), piece(1), 1);
  return _mm512_insertf32x4(_mm512_insertf32x4(two, piece(2), 2), piece(3), 3);
#elif defined(__AVX2__)
  return _mm256_insertf128_ps(_mm256_castps128_ps256(piece(0)), piece(1), 1);
#else
  using Piece [[gnu::vector_size(16)]] = float;
  Piece piece;
  __builtin_memcpy(&piece, at(0), sizeof(piece));
  return piece;
#endif
}

/// Of each `count` numbers of a, followed by the same of b, those with the indices that F gives.
template <int count, class Register, class F>
[[gnu::always_inline]] inline Register pick(Register a, Register b, F) {
  constexpr int size = sizeof(Register) / sizeof(a[0]);
  return [&]<int... i>(std::integer_sequence<int, i...>) {
    return Register(
        __builtin_shufflevector(a, b, (i / count * count + F{}(i % count) % count + F{}(i % count) / count * size)...));
  }
  (std::make_integer_sequence<int, size>{});
}

}  // namespace detail

/// As load: one number of each of `lines` lines, the few that are not turned.
template <class T>
[[gnu::noinline]] Packet<T> load_apart(const T* from, std::int64_t stride, std::int64_t lines) {
  return load(from, stride, lines);
}

/// Where lines that begin `stride` apart are; lanes without a line get the last one.
template <class T>
struct FewLines {
  std::int64_t offset[Packet<T>::size];

  FewLines(std::int64_t stride, std::int64_t lines) {
#pragma GCC unroll 1
    for (int i = 0; i < Packet<T>::size; ++i) offset[i] = (i < lines ? i : lines - 1) * stride;
  }
};

/// The numbers at line(0), line(1) ..., where those of a line lie side by side.
template <class T, class F>
[[gnu::always_inline]] inline Turned<T> load_turned(F&& line) {
  constexpr int count = turned_count<T>;
  Turned<T> turned;
  if constexpr (count == 1) {
    turned.at[0] = Packet<T>(*line(0));
  } else {
    using Register = typename Packet<T>::Register;
    Register r[count];
    for (int q = 0; q < count; ++q) {
      r[q] = (Register)detail::join([&](int piece) { return line(piece * count + q); });
    }
    const auto low = [](int i) { return i % 2 * count + i / 2; };               // a0 b0 a1 b1
    const auto high = [](int i) { return i % 2 * count + i / 2 + count / 2; };  // a2 b2 a3 b3
    if constexpr (count == 2) {
      turned.at[0].value = detail::pick<count>(r[0], r[1], low);
      turned.at[1].value = detail::pick<count>(r[0], r[1], high);
    } else {
      const auto lows = [](int i) { return i % 2 + i / 2 * count; };  // of a0 b0 a1 b1 and c0 d0 c1 d1: a0 b0 c0 d0
      const auto highs = [](int i) { return i % 2 + i / 2 * count + 2; };
      const Register ab0 = detail::pick<count>(r[0], r[1], low), ab2 = detail::pick<count>(r[0], r[1], high);
      const Register cd0 = detail::pick<count>(r[2], r[3], low), cd2 = detail::pick<count>(r[2], r[3], high);
      turned.at[0].value = detail::pick<count>(ab0, cd0, lows);
      turned.at[1].value = detail::pick<count>(ab0, cd0, highs);
      turned.at[2].value = detail::pick<count>(ab2, cd2, lows);
      turned.at[3].value = detail::pick<count>(ab2, cd2, highs);
    }
  }
  return turned;
}

}  // namespace cairn
