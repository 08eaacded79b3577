// Random bits by counting: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3",
// 2011, section 3.3).
//
// A generator without a state: a key and a counter, stirred for ten rounds, give 128 random bits. Whoever knows the
// number of an element can draw for it, in any order, so that thousands of threads need share nothing:
//
//   key (the seed)   counter (which call, which element)   ──►   4 words of 32 bits
#pragma once

#include <cstdint>

#include <cairn/core/host_device.h>

namespace cairn {

struct PhiloxWords {
  std::uint32_t at[4];
};

CAIRN_HOST_DEVICE inline PhiloxWords philox(PhiloxWords counter, std::uint64_t key) {
  auto low = static_cast<std::uint32_t>(key), high = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xd2511f53u} * counter.at[0], b = std::uint64_t{0xcd9e8d57u} * counter.at[2];
    counter = {{static_cast<std::uint32_t>(b >> 32) ^ counter.at[1] ^ low, static_cast<std::uint32_t>(b),
                static_cast<std::uint32_t>(a >> 32) ^ counter.at[3] ^ high, static_cast<std::uint32_t>(a)}};
    low += 0x9e3779b9u;   // the golden ratio
    high += 0xbb67ae85u;  // the square root of 3
  }
  return counter;
}

/// The `index`-th words of a stream.
CAIRN_HOST_DEVICE inline PhiloxWords philox(std::uint64_t index, std::uint64_t stream, std::uint64_t key) {
  return philox({{static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                  static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)}},
                key);
}

}  // namespace cairn
