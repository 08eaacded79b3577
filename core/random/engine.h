// What a Generator holds, and the lock under which samplers draw from it.
#pragma once

#include <mutex>
#include <optional>

#include <cairn/core/generator.h>
#include <cairn/core/random/mersenne_twister.h>

namespace cairn {

struct Generator::Engine {
  explicit Engine(std::uint64_t seed) : seed(seed), twister(static_cast<std::uint32_t>(seed)) {}

  std::uint64_t seed;  ///< As it was given.
  MersenneTwister twister;
  std::optional<double> normal;       ///< The second of two normal numbers made together, kept for the next draw.
  std::optional<float> normal_float;  ///< Never made; kept, so that a state comes back as it was.

  std::uint64_t draw64() {
    const std::uint64_t high = twister.draw();
    return high << 32 | twister.draw();
  }
};

/// Holds the lock of the process's generator; other generators are their owner's business.
class GeneratorLock {
 public:
  explicit GeneratorLock(const Generator& generator);

 private:
  std::unique_lock<std::mutex> lock_;
};

/// The generator of a call, the process's own unless another is given, locked as long as this lives.
class LockedGenerator {
 public:
  explicit LockedGenerator(const OptionalGenerator& given)
      : generator_(given ? *given : default_generator()), lock_(generator_) {}
  Generator::Engine& engine() const { return generator_.engine(); }

 private:
  Generator generator_;
  GeneratorLock lock_;
};

}  // namespace cairn
