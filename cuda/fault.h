// Bad input that only a kernel can see, such as a class that does not exist.
//
// The kernel writes what it met into a word that the host can read, and goes on with something harmless; the next call
// that waits finds the word and reports it. (An assertion in the kernel would end the whole process's use of the
// device.)
#pragma once

#include <cstdint>

#include <cairn/core/host_device.h>

namespace cairn::cuda {

enum class Fault : std::uint32_t { none = 0, target_out_of_bounds = 1 };

/// 64 bits, written in one piece: several threads may write, and one of them is reported.
struct alignas(8) FaultWord {
  std::uint32_t fault;  ///< A Fault.
  std::int32_t value;   ///< What was met, as far as it fits.
};

CAIRN_HOST_DEVICE inline void report(FaultWord* word, Fault fault, std::int64_t value) {
  constexpr std::int64_t most = 0x7fffffff;
  const std::int64_t shown = value > most ? most : value < -most ? -most : value;
  *word = FaultWord{static_cast<std::uint32_t>(fault), static_cast<std::int32_t>(shown)};
}

}  // namespace cairn::cuda
