// How fast this machine multiplies and adds, at most: chains of fused multiply-adds that never leave the registers,
// side by side so that one's latency hides behind the others, in the widest registers there are.
#pragma once

#include <cstdint>

namespace benchmarks {

/// A few microseconds of multiply-adds in float; returns how many floating-point operations they were, two each.
std::int64_t multiply_and_add();

}  // namespace benchmarks
