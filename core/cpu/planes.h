// Sums over planes: the numbers of one channel of x [n, channels, height, width], which lie in n runs. The tree is that
// of sum_tree.h, as if they lay in one.
#pragma once

#include <cairn/core/cpu/packet.h>
#include <cairn/core/cpu/sum.h>

namespace cairn {

/// What lies there: a number or a packet of them.
template <class Value, class T>
[[gnu::always_inline]] inline Value number(const T* at) {
  if constexpr (std::is_same_v<Value, T>)
    return *at;
  else
    return load(at);
}

/// Terms of a lane each, in packets.
template <class T>
struct LanesOf {
  static constexpr int packets = sum_lanes / Packet<T>::size;
  T at[sum_lanes] = {};

  T total() {
    for (int half = sum_lanes / 2; half > 0; half /= 2) {
      for (int lane = 0; lane < half; ++lane) at[lane] += at[lane + half];
    }
    return at[0];
  }
};

/// The sums of term(run, i) for runs [0, runs) and i of [0, length), `sums` of them at a time. `term(out, run, i)`
/// writes them to out[0] ... as packets, or as numbers, from number i of the run on.
template <int sums, class T, class Term>
void sum_planes(std::int64_t runs, std::int64_t length, Term&& term, T* totals) {
  constexpr int size = Packet<T>::size;
  PairwiseSum<T> total[sums];
  LanesOf<T> lanes[sums];
  std::int64_t taken = 0;  // of the block
  const auto end_block = [&] {
    for (int s = 0; s < sums; ++s) {
      total[s].add(lanes[s].total());
      lanes[s] = {};
    }
    taken = 0;
  };
  for (std::int64_t run = 0; run < runs; ++run) {
    for (std::int64_t i = 0; i < length;) {
      const auto one = [&] {
        T value[sums];
        term(value, run, i++);
        for (int s = 0; s < sums; ++s) lanes[s].at[taken % sum_lanes] += value[s];
        ++taken;
      };
      const std::int64_t end = length - i < sum_block - taken ? length : i + sum_block - taken;
      while (i < end && taken % sum_lanes != 0) one();
      if (end - i >= sum_lanes) {
        Packet<T> sum[sums][LanesOf<T>::packets], value[sums];
        for (int s = 0; s < sums; ++s)
          for (int p = 0; p < LanesOf<T>::packets; ++p) sum[s][p] = load(lanes[s].at + p * size);
        for (; end - i >= sum_lanes; taken += sum_lanes) {
          for (int p = 0; p < LanesOf<T>::packets; ++p, i += size) {
            term(value, run, i);
            for (int s = 0; s < sums; ++s) sum[s][p] = sum[s][p] + value[s];
          }
        }
        for (int s = 0; s < sums; ++s)
          for (int p = 0; p < LanesOf<T>::packets; ++p) store(lanes[s].at + p * size, sum[s][p]);
      }
      while (i < end) one();
      if (taken == sum_block) end_block();
    }
  }
  if (taken > 0 || runs * length == 0) end_block();
  for (int s = 0; s < sums; ++s) totals[s] = total[s].total();
}

}  // namespace cairn
