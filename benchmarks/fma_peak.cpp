#include "fma_peak.h"

#include "measure.h"

namespace benchmarks {
namespace {

using Narrow [[gnu::vector_size(16)]] = float;
using Wide [[gnu::vector_size(32)]] = float;
using Widest [[gnu::vector_size(64)]] = float;

/// Twelve chains: enough for a latency of four with two units, and they fit sixteen registers. The compiler is told to
/// fuse (CMakeLists.txt).
template <class Register>
[[gnu::always_inline]] inline std::int64_t chains() {
  constexpr int count = 12;
  constexpr std::int64_t steps = 2000;
  Register sums[count];
  for (int i = 0; i < count; ++i) sums[i] = Register{} - static_cast<float>(i + 1);  // equal chains would be one
  const Register factor = Register{} + 0.5f, term = Register{} + 1.0f;
  for (std::int64_t step = 0; step < steps; ++step) {
#pragma GCC unroll 12
    for (int i = 0; i < count; ++i) sums[i] = sums[i] * factor + term;
  }
  for (int i = 1; i < count; ++i) sums[0] += sums[i];
  const float lane = sums[0][0];
  keep(lane);
  return 2 * steps * count * static_cast<std::int64_t>(sizeof(Register) / sizeof(float));
}

#if defined(__x86_64__)
[[gnu::target("avx512f")]] std::int64_t avx512() { return chains<Widest>(); }
[[gnu::target("avx2,fma")]] std::int64_t avx2() { return chains<Wide>(); }
#endif

}  // namespace

std::int64_t multiply_and_add() {
#if defined(__x86_64__)
  static const bool has_avx512 = __builtin_cpu_supports("avx512f");
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (has_avx512) return avx512();
  if (has_avx2) return avx2();
#endif
  return chains<Narrow>();
}

}  // namespace benchmarks
