// The CPU's sums, by the tree of sum_tree.h: along a row, or down sixteen columns at a time.
#pragma once

#include <cstdint>

#include <cairn/core/sum_tree.h>

namespace cairn {

inline constexpr int sum_columns_at_once = 16;

/// The sum of term(begin) ... term(end - 1), at most a block.
template <class T, class F>
T sum_of_block(std::int64_t begin, std::int64_t end, F&& term) {
  if (end - begin <= 4) {  // the same tree where all lanes but four are 0
    const auto lane = [&](std::int64_t i) { return begin + i < end ? T(0) + term(begin + i) : T(0); };
    return (lane(0) + lane(2)) + (lane(1) + lane(3));
  }
  T lanes[sum_lanes] = {};
  std::int64_t r = begin;
  for (; r + sum_lanes <= end; r += sum_lanes) {
    for (int lane = 0; lane < sum_lanes; ++lane) lanes[lane] += term(r + lane);
  }
  for (int lane = 0; r < end; ++r, ++lane) lanes[lane] += term(r);
  for (int half = sum_lanes / 2; half > 0; half /= 2) {
    for (int lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
  }
  return lanes[0];
}

/// The sum of term(0) ... term(count - 1).
template <class T, class F>
T sum_of(std::int64_t count, F&& term) {
  if (count <= sum_block) return sum_of_block<T>(0, count, term);
  PairwiseSum<T> total;
  for (std::int64_t begin = 0; begin < count; begin += sum_block) {
    total.add(sum_of_block<T>(begin, count - begin < sum_block ? count : begin + sum_block, term));
  }
  return total.total();
}

/// Sixteen numbers side by side.
template <class T>
struct Columns {
  T at[sum_columns_at_once];
  friend Columns operator+(const Columns& a, const Columns& b) {
    Columns sum;
    for (int j = 0; j < sum_columns_at_once; ++j) sum.at[j] = a.at[j] + b.at[j];
    return sum;
  }
};

/// The sums of `columns` (at most sixteen) columns, by the same tree: out(j) = Σ term(r, j). `term` may be asked for
/// any j < columns.
template <class T, class F, class Out>
void sum_columns(std::int64_t count, int columns, F&& term, Out&& out) {
  if (count <= sum_lanes && columns < sum_columns_at_once) {  // few numbers: the same tree, one column after another
    for (int j = 0; j < columns; ++j) out(j, sum_of_block<T>(0, count, [&](std::int64_t r) { return term(r, j); }));
    return;
  }
  PairwiseSum<Columns<T>> total;
  for (std::int64_t begin = 0; begin == 0 || begin < count; begin += sum_block) {
    const std::int64_t end = count - begin < sum_block ? count : begin + sum_block;
    Columns<T> lanes[sum_lanes] = {};
    for (std::int64_t r = begin; r < end; ++r) {
      T* lane = lanes[(r - begin) % sum_lanes].at;
      if (columns == sum_columns_at_once)
        for (int j = 0; j < sum_columns_at_once; ++j) lane[j] += term(r, j);
      else
        for (int j = 0; j < columns; ++j) lane[j] += term(r, j);
    }
    for (int half = sum_lanes / 2; half > 0; half /= 2) {
      for (int lane = 0; lane < half; ++lane) lanes[lane] = lanes[lane] + lanes[lane + half];
    }
    total.add(lanes[0]);
  }
  const Columns<T> sum = total.total();
  for (int j = 0; j < columns; ++j) out(j, sum.at[j]);
}

}  // namespace cairn
