// How random bits become numbers of a range, evenly: as PyTorch makes them of the same bits.
//
//   bits  ──►  the lowest 24 of them (float) or 53 (double), as a fraction of [0, 1)  ──►  from + fraction (to - from)
//
// The last step is one rounding. float16 and bfloat16 are floats, rounded last. A number that was rounded up to the
// upper bound, which does not belong to the range, becomes the lower one.
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

  Uniform(double from, double to)
      : low_(static_cast<Wide>(from)),
        extent_(static_cast<Wide>(to) - low_),
        first_(static_cast<T>(low_)),
        end_(static_cast<Wide>(static_cast<T>(static_cast<Wide>(to)))) {}

  CAIRN_HOST_DEVICE T operator()(std::uint64_t bits) const { return stored(computed(bits)); }

  // In two steps, for loops that do one after the other.
  CAIRN_HOST_DEVICE Wide computed(std::uint64_t bits) const { return std::fma(fraction(bits), extent_, low_); }
  CAIRN_HOST_DEVICE T stored(Wide computed) const {
    const T number = static_cast<T>(computed);
    return static_cast<Wide>(number) == end_ ? first_ : number;
  }

  /// The number of [0, 1) that the lowest bits are.
  CAIRN_HOST_DEVICE static Wide fraction(std::uint64_t bits) {
    constexpr std::uint64_t count = std::uint64_t{1} << digits;
    constexpr Wide unit = Wide(1) / static_cast<Wide>(count);
    return static_cast<Wide>(static_cast<std::int64_t>(bits & (count - 1))) * unit;
  }

 private:
  Wide low_, extent_;
  T first_;
  Wide end_;
};

}  // namespace cairn
