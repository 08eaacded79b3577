// How random bits become numbers of a range, evenly: as PyTorch makes them of the same bits.
//
//   bits  ──►  the lowest 24 of them (float) or 53 (double), as a fraction of [0, 1)  ──►  from + fraction (to - from)
//
// The last step is one rounding. float16 and bfloat16 are floats, rounded last, so that the upper bound may occur.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include <cairn/core/number.h>

namespace cairn {

template <class T>
class Uniform {
  using Wide = Computed<T>;

 public:
  static constexpr int digits = std::is_same_v<Wide, double> ? 53 : 24;

  Uniform(double from, double to) : low_(static_cast<Wide>(from)), extent_(static_cast<Wide>(to) - low_) {}

  CAIRN_HOST_DEVICE T operator()(std::uint64_t bits) const {
    constexpr std::uint64_t count = std::uint64_t{1} << digits;
    constexpr Wide unit = Wide(1) / static_cast<Wide>(count);
    return static_cast<T>(std::fma(static_cast<Wide>(bits & (count - 1)) * unit, extent_, low_));
  }

 private:
  Wide low_, extent_;
};

}  // namespace cairn
