// Bad input that only a kernel can see, such as a class that does not exist.
//
// The kernel writes what it met into a word that the host can read, and goes on with something harmless; the next call
// that waits finds the word and reports it. (An assertion in the kernel would end the whole process's use of the
// device.)
//
//   value, 32 bits │ size, 24 bits │ dimension, 6 bits │ fault, 2 bits        what does not fit becomes the most that
//   does
#pragma once

#include <cstdint>

#include <cairn/core/host_device.h>

namespace cairn::cuda {

enum class Fault : std::uint32_t { none = 0, target_out_of_bounds = 1, index_out_of_bounds = 2 };

/// Written in one piece: several threads may write, and one of them is reported.
struct FaultWord {
  std::uint64_t bits;

  static constexpr std::int64_t most = 0x7fffffff, most_size = 0xffffff;

  Fault fault() const { return static_cast<Fault>(bits & 3); }
  int dimension() const { return static_cast<int>(bits >> 2 & 63); }
  std::int64_t size() const { return static_cast<std::int64_t>(bits >> 8 & most_size); }
  std::int32_t value() const { return static_cast<std::int32_t>(bits >> 32); }
};

/// `value`: what was met; for an index also the dimension it is of, and its size.
CAIRN_HOST_DEVICE inline void report(FaultWord* word, Fault fault, std::int64_t value, int dimension = 0,
                                     std::int64_t size = 0) {
  constexpr std::int64_t most = FaultWord::most, most_size = FaultWord::most_size;
  const std::int64_t shown = value > most ? most : value < -most ? -most : value;
  *word = FaultWord{static_cast<std::uint64_t>(shown) << 32 |
                    static_cast<std::uint64_t>(size < most_size ? size : most_size) << 8 |
                    static_cast<std::uint64_t>(dimension) << 2 | static_cast<std::uint64_t>(fault)};
}

}  // namespace cairn::cuda
