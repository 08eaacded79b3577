// Sums by the tree of core/sum_tree.h, so that a sum on a GPU is the CPU's, bit for bit, and does not depend on how the
// work was divided.
//
// Sixteen threads make a unit: the lanes of one block of terms of one output. A thread block holds sixteen units:
//
//   along    a unit's lanes are neighbouring threads          for terms that lie side by side
//   across   the same lane of 16 units are                    for outputs that lie side by side
//
// so that neighbouring threads read neighbouring memory; the tree is the same. Where an output has several blocks,
// their sums (nodes) go through memory, 1,024 of them to a thread block and pass.
#pragma once

#include <cairn/core/sum_tree.h>
#include <cairn/cuda/launch.h>
#include <cairn/cuda/places.h>

namespace cairn::cuda {

inline constexpr int sum_units = block_size / sum_lanes;

/// Sums that are made together.
template <class T>
struct Pair {
  T a, b;
  CAIRN_HOST_DEVICE friend Pair operator+(Pair x, Pair y) { return {x.a + y.a, x.b + y.b}; }
};

/// Adds the lanes of each unit; the sum is left in part[unit][0], and lane 0 may read it at once. For all threads.
template <class Sum>
__device__ void add_lanes(Sum (&part)[sum_units][sum_lanes + 1], int unit, int lane, Sum sum) {
  part[unit][lane] = sum;
  for (int half = sum_lanes / 2; half > 0; half /= 2) {
    __syncthreads();
    if (lane < half) part[unit][lane] = part[unit][lane] + part[unit][lane + half];
  }
}

struct SumShape {
  std::int64_t outputs, terms, blocks;  // `blocks` of terms for each output, at least one
  bool across;                          // neighbouring threads take neighbouring outputs
};

/// A thread looks up and reads so many terms before it adds them, so that their reads are under way at once.
inline constexpr int terms_at_once = 4;

/// Terms: `places` (Places, or Evenly) says where the terms of an output lie, `start(output)` gives what they have in
/// common, a pointer perhaps, and `value(start, place)` is one of them. `finish(output, sum)` takes the sum where there
/// is one block, `nodes` [outputs, blocks] the nodes where there are more.
template <class Sum, class Terms, class Finish>
__global__ void __launch_bounds__(block_size) sum_of_units(SumShape shape, Terms terms, Sum* nodes, Finish finish) {
  __shared__ Sum part[sum_units][sum_lanes + 1];
  const int low = static_cast<int>(threadIdx.x) % sum_lanes, high = static_cast<int>(threadIdx.x) / sum_lanes;
  const int lane = shape.across ? high : low, unit = shape.across ? low : high;
  const std::int64_t u = static_cast<std::int64_t>(blockIdx.x) * sum_units + unit;
  const bool live = u < shape.outputs * shape.blocks;
  const std::int64_t output = shape.across ? u % shape.outputs : u / shape.blocks;
  const std::int64_t block = shape.across ? u / shape.outputs : u % shape.blocks;
  Sum sum = {};
  if (live) {
    const auto start = terms.start(output);
    const std::int64_t begin = block * sum_block;
    const std::int64_t end = shape.terms - begin < sum_block ? shape.terms : begin + sum_block;
    for (std::int64_t r = begin + lane; r < end; r += terms_at_once * sum_lanes) {
      Offsets<Terms::operands> at[terms_at_once];
      terms.places.of(r, sum_lanes, at);
      Sum values[terms_at_once] = {};
#pragma unroll
      for (int t = 0; t < terms_at_once; ++t)
        if (r + t * sum_lanes < end) values[t] = terms.value(start, at[t]);
#pragma unroll
      for (int t = 0; t < terms_at_once; ++t)
        if (r + t * sum_lanes < end) sum = sum + values[t];
    }
  }
  add_lanes(part, unit, lane, sum);
  if (live && lane == 0) {
    if (shape.blocks == 1)
      finish(output, part[unit][0]);
    else
      nodes[output * shape.blocks + block] = part[unit][0];
  }
}

/// One pass over nodes [outputs, count]: 1,024 become one, in `to` [outputs, groups], or are finished.
template <class Sum, class Finish>
__global__ void __launch_bounds__(block_size)
    sum_of_nodes(std::int64_t count, std::int64_t groups, const Sum* nodes, Sum* to, Finish finish) {
  __shared__ Sum part[sum_block];
  const std::int64_t output = blockIdx.x / groups, group = blockIdx.x % groups;
  const Sum* from = nodes + output * count + group * sum_block;
  const std::int64_t rest = count - group * sum_block;
  const int here = static_cast<int>(rest < sum_block ? rest : sum_block);
  for (int i = static_cast<int>(threadIdx.x); i < here; i += block_size) part[i] = from[i];
  for (int width = 1; width < here; width *= 2) {
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x) * 2 * width; i + width < here; i += block_size * 2 * width)
      part[i] = part[i] + part[i + width];
  }
  if (threadIdx.x == 0) {
    if (groups == 1)
      finish(output, part[0]);
    else
      to[output * groups + group] = part[0];
  }
}

/// Queues the sums of `terms` terms for each of `outputs` outputs. No terms sum to 0. `across`: see above.
template <class Sum, class Terms, class Finish>
void run_sums(Context& context, std::int64_t outputs, std::int64_t terms, bool across, const Terms& term,
              const Finish& finish) {
  const SumShape shape{outputs, terms, terms > sum_block ? blocks_for(terms, sum_block) : 1, across};
  std::int64_t count = shape.blocks;
  const std::int64_t after = blocks_for(count, sum_block);
  Scratch<Sum> first(context, count > 1 ? outputs * count : 0), second(context, after > 1 ? outputs * after : 0);
  Sum *from = first.data(), *to = second.data();
  launch(context, sum_of_units<Sum, Terms, Finish>, blocks_for(outputs * count, sum_units), shape, term, from, finish);
  while (count > 1) {
    const std::int64_t groups = blocks_for(count, sum_block);
    launch(context, sum_of_nodes<Sum, Finish>, outputs * groups, count, groups, static_cast<const Sum*>(from), to,
           finish);
    std::swap(from, to);
    count = groups;
  }
}

}  // namespace cairn::cuda
