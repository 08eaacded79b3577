// Seeds that follow from others: an epoch's from the loader's, a step's from the epoch's, and that of a dataset within
// a transformed one from that one's.
//
//   seed ─┬─ epoch 0 ─┬─ step 0 ─── inner
//         │           └─ step 1 ─── inner
//         └─ epoch 1 ─ ...
//
// What is drawn from one of them looks unrelated to what is drawn from any other.
#pragma once

#include <cstdint>

namespace cairn::train {

/// A number that follows from both and looks like chance (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014, the finaliser of SplitMix64).
constexpr std::uint64_t derived_seed(std::uint64_t seed, std::int64_t number) {
  std::uint64_t z = seed + 0x9e3779b97f4a7c15 * (static_cast<std::uint64_t>(number) + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

}  // namespace cairn::train
