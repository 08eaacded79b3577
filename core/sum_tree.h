// The tree that sums are made by, on every backend.
//
//   terms    t0 t1 t2 ...             blocks of 1,024
//   lanes    lane l of a block adds t[l], t[l + 16], ..., starting at 0; the sixteen lanes are added by halves:
//            8, 4, 2, 1. That is the block's sum
//   blocks   added in pairs, then pairs of pairs; one that is left over goes up as it is
//
// The tree depends on the number of terms alone, so a sum is the same along a row, down a column, on any number of
// threads, with any instruction set and on a GPU; and its rounding error grows with the logarithm of the length
// (Higham, "The accuracy of floating point summation", 1993, section 3). Lanes start at +0, so no sum is -0, and adding
// a 0 for terms or blocks that are not there changes no bit.
#pragma once

#include <cstdint>

#include <cairn/core/host_device.h>

namespace cairn {

inline constexpr int sum_lanes = 16;
inline constexpr std::int64_t sum_block = 1024;

/// Adds block sums in pairs as they come; `Term` has operator+.
template <class Term>
class PairwiseSum {
 public:
  CAIRN_HOST_DEVICE void add(Term block) {
    int level = 0;
    for (std::uint64_t bits = count_; bits & 1; bits >>= 1, ++level) block = waiting_[level] + block;
    waiting_[level] = block;
    ++count_;
  }
  /// Of everything added so far; at least one block.
  CAIRN_HOST_DEVICE Term total() const {
    Term sum{};
    bool any = false;
    for (int level = 0; level < 54; ++level) {
      if (!(count_ >> level & 1)) continue;
      sum = any ? waiting_[level] + sum : waiting_[level];
      any = true;
    }
    return sum;
  }

 private:
  Term waiting_[54];
  std::uint64_t count_ = 0;
};

}  // namespace cairn
