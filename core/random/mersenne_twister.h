// The Mersenne Twister MT19937 (Matsumoto and Nishimura, "Mersenne Twister", 1998), one number or many at a time.
//
//   numbers:  [ 0 1 2 ... 623 ]   624 words; each is tempered once, then all are made anew from themselves
//                   ^next
//
// `left` says how many may still be taken, counted as PyTorch counts: it is 1 when the next draw makes new ones.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace cairn {

struct MersenneTwister {
  static constexpr std::uint32_t size = 624, shift = 397;

  std::array<std::uint32_t, size> numbers{};
  std::uint32_t left = 1, next = 0;

  explicit MersenneTwister(std::uint32_t seed) {
    numbers[0] = seed;
    for (std::uint32_t i = 1; i < size; ++i) numbers[i] = 1812433253u * (numbers[i - 1] ^ (numbers[i - 1] >> 30)) + i;
  }

  std::uint32_t draw() {
    if (left == 1) refill();
    --left;
    return tempered(numbers[next++]);
  }

  /// The next `count` draws, in order.
  void draw(std::uint32_t* bits, std::int64_t count) {
    while (count > 0) {
      if (left == 1) refill();
      const auto taken = static_cast<std::uint32_t>(std::min<std::int64_t>(count, left - 1));
      for (std::uint32_t i = 0; i < taken; ++i) bits[i] = tempered(numbers[next + i]);
      next += taken, left -= taken;
      bits += taken, count -= taken;
    }
  }

 private:
  static std::uint32_t tempered(std::uint32_t y) {
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
  }

  void refill() {
    std::uint32_t* const n = numbers.data();
    const auto twisted = [](std::uint32_t number, std::uint32_t following, std::uint32_t shifted) {
      const std::uint32_t mixed = (number & 0x80000000u) | (following & 0x7fffffffu);
      return shifted ^ (mixed >> 1) ^ ((0 - (following & 1)) & 0x9908b0dfu);
    };
    for (std::uint32_t i = 0; i < size - shift; ++i) n[i] = twisted(n[i], n[i + 1], n[i + shift]);
    for (std::uint32_t i = size - shift; i < size - 1; ++i) n[i] = twisted(n[i], n[i + 1], n[i + shift - size]);
    n[size - 1] = twisted(n[size - 1], n[0], n[shift - 1]);
    left = size + 1;
    next = 0;
  }
};

}  // namespace cairn
