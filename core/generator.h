// Where random numbers come from: a state that is seeded, drawn from, saved and restored.
//
// A Generator is a Mersenne Twister read the way PyTorch reads it, and its state is PyTorch's 5,056 bytes
// (generator.cpp). Copies of a Generator are handles of one state.
//
// Every random function takes a generator; left out, it is the process's default one, which `manual_seed` seeds. That
// one is locked; a generator of your own is yours to share or not.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <cairn/core/stateful.h>
#include <cairn/core/tensor.h>

namespace cairn {

class Generator : public Stateful {
 public:
  static constexpr std::int64_t state_size = 5056;

  explicit Generator(std::uint64_t seed = 67280421310721);  ///< Unseeded, PyTorch's generators start from this number.

  void manual_seed(std::uint64_t seed);
  std::uint64_t initial_seed() const;

  Tensor get_state() const;             ///< uint8 [5056], as `torch.Generator.get_state`.
  void set_state(const Tensor& state);  ///< Throws StateDictError unless it is one.

  std::uint32_t random();    ///< The next 32 bits.
  std::uint64_t random64();  ///< The next two draws, the first on top.

  Value state() const override;  ///< The tensor of `get_state`.
  LoadPlan plan_load(const Value& state) override;

  struct Engine;  // random/engine.h
  Engine& engine() const { return *engine_; }

 private:
  std::shared_ptr<Engine> engine_;
};

Generator& default_generator();
void manual_seed(std::uint64_t seed);  ///< Seeds the default generator.

/// Where the numbers of a call come from; left empty, from the default generator: `rand({3}, {}, generator)`.
using OptionalGenerator = std::optional<Generator>;

}  // namespace cairn
