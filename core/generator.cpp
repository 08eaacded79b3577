// A generator's state in PyTorch's layout, and what is asked of a generator itself.
//
//   state, 5056 bytes, little-endian
//   offset  size   field
//   0       8      seed, as it was given
//   8       4      how many draws are left before the next 624 numbers are made, plus one
//   12      4      1: seeded
//   16      8      index of the next number
//   24      4992   624 numbers of 32 bits, each in 8 bytes
//   5016    24     three doubles: 0, a cached normal sample, 0
//   5040    8      1 if that sample is valid (4 bytes), 4 bytes of 0
//   5048    4      a cached normal sample in float
//   5052    4      1 if that one is valid (1 byte), 3 bytes of 0
//
// PyTorch before 1.5 wrote the first 5048 bytes only; such a state is read, too.
#include <cairn/core/generator.h>

#include <cmath>
#include <cstring>
#include <limits>

#include <cairn/core/print.h>
#include <cairn/core/random/engine.h>
#include <cairn/core/state_dict.h>
#include <cairn/core/tensor_impl.h>

namespace cairn {
namespace {

constexpr std::int64_t old_state_size = 5048;

struct Field {
  std::size_t offset;
};
constexpr Field seed_field{0}, left_field{8}, seeded_field{12}, next_field{16}, numbers_field{24}, normal_field{5024},
    has_normal_field{5040}, float_field{5048}, has_float_field{5052};

template <class T>
void put(std::span<std::uint8_t> state, Field field, T value) {
  std::memcpy(state.data() + field.offset, &value, sizeof value);
}

template <class T>
T get(std::span<const std::uint8_t> state, Field field) {
  T value;
  std::memcpy(&value, state.data() + field.offset, sizeof value);
  return value;
}

Generator::Engine read_state(const Tensor& tensor) {
  check<StateDictError>(tensor.defined() && tensor.dtype() == DType::uint8 && !tensor.device().is_meta(),
                        "RNG state must be a torch.ByteTensor");
  check<StateDictError>(tensor.numel() == Generator::state_size || tensor.numel() == old_state_size,
                        "Expected a CPUGeneratorImplStateLegacy of size ", old_state_size,
                        " or a CPUGeneratorImplState of size ", Generator::state_size,
                        " but found the input RNG state size to be ", tensor.numel());
  const Tensor here = materialize(tensor).detach().to(Device()).contiguous();
  const std::span<const std::uint8_t> state = here.data<std::uint8_t>();

  Generator::Engine engine(get<std::uint64_t>(state, seed_field));
  MersenneTwister& twister = engine.twister;
  twister.left = get<std::uint32_t>(state, left_field);
  const auto next = get<std::uint64_t>(state, next_field);
  bool valid = get<std::uint32_t>(state, seeded_field) == 1 && twister.left >= 1 && twister.left <= twister.size &&
               next <= twister.size;
  for (std::uint32_t i = 0; i < twister.size; ++i) {
    const auto number = get<std::uint64_t>(state, Field{numbers_field.offset + std::size_t{8} * i});
    twister.numbers[i] = static_cast<std::uint32_t>(number);
    valid = valid && number <= std::numeric_limits<std::uint32_t>::max();
  }
  // A draw reads numbers[next] as long as it does not refill first: both counters must agree on how many are left.
  valid = valid && (twister.left == 1 || next + twister.left <= twister.size + std::uint64_t{1});
  check<StateDictError>(valid, "Invalid mt19937 state");
  twister.next = static_cast<std::uint32_t>(next);
  if (get<std::uint32_t>(state, has_normal_field) != 0) engine.normal = get<double>(state, normal_field);
  if (tensor.numel() == old_state_size && engine.normal) {
    // The old form keeps what the sample is made of: 0.5 turns around the circle of radius `rho`, by Box and Muller.
    const double turn = get<double>(state, Field{5016}), rho = get<double>(state, Field{5032});
    engine.normal = rho * std::sin(2.0 * 3.14159265358979323846 * turn);
  }
  if (tensor.numel() == Generator::state_size && get<std::uint8_t>(state, has_float_field) != 0)
    engine.normal_float = get<float>(state, float_field);
  return engine;
}

std::mutex default_mutex;

}  // namespace

GeneratorLock::GeneratorLock(const Generator& generator) {
  if (&generator.engine() == &default_generator().engine()) lock_ = std::unique_lock(default_mutex);
}

Generator::Generator(std::uint64_t seed) : engine_(std::make_shared<Engine>(seed)) {}

void Generator::manual_seed(std::uint64_t seed) {
  const GeneratorLock lock(*this);
  *engine_ = Engine(seed);
}

std::uint64_t Generator::initial_seed() const {
  const GeneratorLock lock(*this);
  return engine_->seed;
}

std::uint32_t Generator::random() {
  const GeneratorLock lock(*this);
  return engine_->twister.draw();
}

std::uint64_t Generator::random64() {
  const GeneratorLock lock(*this);
  return engine_->draw64();
}

Tensor Generator::get_state() const {
  Tensor tensor = zeros({state_size}, {.dtype = DType::uint8});
  const std::span<std::uint8_t> state = tensor.data<std::uint8_t>();
  const GeneratorLock lock(*this);
  const MersenneTwister& twister = engine_->twister;
  put(state, seed_field, engine_->seed);
  put(state, left_field, twister.left);
  put(state, seeded_field, std::uint32_t{1});
  put(state, next_field, std::uint64_t{twister.next});
  for (std::uint32_t i = 0; i < twister.size; ++i) {
    put(state, Field{numbers_field.offset + std::size_t{8} * i}, std::uint64_t{twister.numbers[i]});
  }
  put(state, normal_field, engine_->normal.value_or(0));
  put(state, has_normal_field, std::uint32_t{engine_->normal.has_value()});
  put(state, float_field, engine_->normal_float.value_or(0));
  put(state, has_float_field, std::uint8_t{engine_->normal_float.has_value()});
  return tensor;
}

void Generator::set_state(const Tensor& state) {
  const Engine engine = read_state(state);
  const GeneratorLock lock(*this);
  *engine_ = engine;
}

Value Generator::state() const { return get_state(); }

LoadPlan Generator::plan_load(const Value& state) {
  check<StateDictError>(state.is(Value::Kind::tensor), "generator: expected its state as a tensor, found ",
                        name(state.kind()));
  // A state is small: it is read and checked here, so that nothing can fail at commit.
  LoadPlan plan;
  plan.then([self = *this, engine = std::make_shared<const Engine>(read_state(state.as_tensor()))] {
    const GeneratorLock lock(self);
    *self.engine_ = *engine;
  });
  return plan;
}

Generator& default_generator() {
  static Generator generator;
  return generator;
}

void manual_seed(std::uint64_t seed) { default_generator().manual_seed(seed); }

}  // namespace cairn
