// Rows that threads share: softmax, cross-entropy, whatever needs a sum over a row before it can write the row.
//
// A row is the matter of a team: 16 threads, or a whole block of 256 where it is longer than a block of a sum. A block
// of threads holds 16 units of 16 lanes (sum.h), so 16 rows or one:
//
//   along    a unit's lanes are neighbouring threads        for rows whose numbers lie side by side
//   across   the same lane of 16 units are                  for rows that lie side by side: 16 threads for each
//
// Every thread of a block must call the functions below, also those of a team that has no row (not `live`).
#pragma once

#include <cairn/core/softmax_formulas.h>
#include <cairn/cuda/launch.h>
#include <cairn/cuda/sum.h>

namespace cairn::cuda {

struct RowShape {
  std::int64_t rows, length;
  int units;    // for a row
  bool across;  // neighbouring threads take neighbouring rows

  RowShape(std::int64_t rows, std::int64_t length, bool across)
      : rows(rows), length(length), units(length > sum_block && !across ? sum_units : 1), across(across) {}

  std::int64_t blocks() const { return blocks_for(rows, sum_units / units); }
};

/// The threads that share a row.
struct Team {
  int lane, unit, units;
  std::int64_t row, length;
  bool live;

  __device__ explicit Team(const RowShape& shape) : units(shape.units), length(shape.length) {
    const int low = static_cast<int>(threadIdx.x) % sum_lanes, high = static_cast<int>(threadIdx.x) / sum_lanes;
    lane = shape.across ? high : low;
    unit = shape.across ? low : high;
    row = static_cast<std::int64_t>(blockIdx.x) * (sum_units / units) + unit / units;
    live = row < shape.rows;
  }

  __device__ int first_unit() const { return unit / units * units; }
  __device__ int member() const { return (unit - first_unit()) * sum_lanes + lane; }
  __device__ int members() const { return units * sum_lanes; }

  /// Calls f(i) for the numbers of the row that are this thread's.
  template <class F>
  __device__ void each(const F& f) const {
    if (!live) return;
    for (std::int64_t i = member(); i < length; i += members()) f(i);
  }
};

template <class C>
using Parts = C[sum_units][sum_lanes + 1];

/// Joins part[unit][0] of a row's units in pairs, then pairs of pairs; all threads get the result.
template <class C, class Join>
__device__ C over_units(Parts<C>& part, const Team& team, const Join& join) {
  __syncthreads();
  for (int width = 1; width < team.units; width *= 2) {
    if (team.lane == 0 && team.unit % (2 * width) == 0)
      part[team.unit][0] = join(part[team.unit][0], part[team.unit + width][0]);
    __syncthreads();
  }
  const C result = part[team.first_unit()][0];
  __syncthreads();
  return result;
}

/// The sum of term(0) ... term(length - 1) by the tree: each unit takes neighbouring blocks, a power of two of them, so
/// that what it adds is a part of the tree.
template <class C, class Term>
__device__ C sum_of_row(Parts<C>& part, const Team& team, const Term& term) {
  const std::int64_t blocks = team.length > sum_block ? (team.length + sum_block - 1) / sum_block : 1;
  std::int64_t each = 1;
  while (each * team.units < blocks) each *= 2;
  PairwiseSum<C> total;
  for (std::int64_t i = 0; i < each; ++i) {
    const std::int64_t begin = ((team.unit - team.first_unit()) * each + i) * sum_block;
    const std::int64_t end = !team.live ? 0 : team.length - begin < sum_block ? team.length : begin + sum_block;
    C sum = 0;
#pragma unroll 4
    for (std::int64_t r = begin + team.lane; r < end; r += sum_lanes) sum += term(r);
    add_lanes(part, team.unit, team.lane, sum);
    if (team.lane == 0) total.add(part[team.unit][0]);
    __syncthreads();
  }
  if (team.lane == 0) part[team.unit][0] = total.total();
  return over_units(part, team, [](C a, C b) { return a + b; });
}

/// The largest of value(0) ... value(length - 1).
template <class C, class Value>
__device__ C largest_of_row(Parts<C>& part, const Team& team, const Value& value) {
  C mine = -static_cast<C>(__builtin_inf());
  team.each([&](std::int64_t i) { mine = larger_logit(mine, value(i)); });
  part[team.unit][team.lane] = mine;
  for (int half = sum_lanes / 2; half > 0; half /= 2) {
    __syncthreads();
    if (team.lane < half)
      part[team.unit][team.lane] = larger_logit(part[team.unit][team.lane], part[team.unit][team.lane + half]);
  }
  return over_units(part, team, [](C a, C b) { return larger_logit(a, b); });
}

}  // namespace cairn::cuda
