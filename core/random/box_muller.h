// Normal numbers of uniform ones (Box and Muller, "A note on the generation of random normal deviates", 1958).
//
// Two numbers u, v of [0, 1) are the polar coordinates of a point whose Cartesian ones are normal and independent:
//
//   radius √(-2 log(1 - u)), angle 2π v   ──►   radius cos, radius sin
//
// There are two ways through it, both PyTorch's: sixteen numbers at a time, eight radii and then eight angles, become
// eight cosines and eight sines; or a pair, angle first, in double. Their functions are float_functions.h's and
// double_functions.h's, so that the numbers are the same on every machine. The work is compiled for machines with fused
// multiply-add and for those without (cpu/box_muller.cpp), where it is only slower.
#pragma once

#include <cstdint>

namespace cairn {

struct BoxMuller {
  /// `count` uniform numbers, a multiple of 16, to normal ones of this mean and standard deviation, in place.
  void (*sixteens)(float* numbers, std::int64_t count, float mean, float std);
  void (*double_sixteens)(double* numbers, std::int64_t count, double mean, double std);

  /// `count` pairs of uniform numbers to pairs of normal ones of mean 0 and standard deviation 1, in place.
  void (*pairs)(double* numbers, std::int64_t count);
};

/// For the instruction set in use.
const BoxMuller& box_muller();

}  // namespace cairn
