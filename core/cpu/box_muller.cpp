// Box and Muller's transform (random/box_muller.h) for one instruction set.

#include <cairn/core/cpu/kernel.h>
#include <cairn/core/random/box_muller.h>
#include <cairn/core/random/double_functions.h>

#define CAIRN_JOIN_(a, b) a##b
#define CAIRN_JOIN(a, b) CAIRN_JOIN_(a, b)

namespace cairn {
namespace {

constexpr double two_pi = 6.283185307179586;

template <class T>
void sixteens(T* numbers, std::int64_t count, T mean, T std) {
  for (T* group = numbers; group < numbers + count; group += 16) {
    for (int i = 0; i < 8; ++i) {
      const T radius = std::sqrt(-2 * logarithm(1 - group[i]));
      const SineCosine<T> direction = sine_cosine(static_cast<T>(two_pi) * group[i + 8]);
      group[i] = std::fma(radius * direction.cosine, std, mean);
      group[i + 8] = std::fma(radius * direction.sine, std, mean);
    }
  }
  clear_upper_halves();
}

void pairs(double* numbers, std::int64_t count) {
  for (double* pair = numbers; pair < numbers + 2 * count; pair += 2) {
    const double radius = std::sqrt(-2 * logarithm_1m(pair[1]));
    const SineCosine<double> direction = sine_cosine(two_pi * pair[0]);
    pair[0] = radius * direction.cosine;
    pair[1] = radius * direction.sine;
  }
  clear_upper_halves();
}

constexpr BoxMuller functions{sixteens<float>, sixteens<double>, pairs};

}  // namespace
}  // namespace cairn

extern "C" const void* CAIRN_JOIN(cairn_box_muller_, CAIRN_INSTRUCTION_SET)() {
  using namespace cairn;
  return &functions;
}
