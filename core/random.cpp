// The Mersenne Twister as PyTorch runs it, its state in PyTorch's layout, and the functions that draw from it.
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
#include <cairn/core/random.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <mutex>
#include <numeric>

#include <cairn/core/autograd.h>
#include <cairn/core/backend.h>
#include <cairn/core/print.h>
#include <cairn/core/state_dict.h>
#include <cairn/core/tensor_impl.h>
#include <cairn/core/uniform.h>

namespace cairn {

/// Matsumoto and Nishimura, "Mersenne Twister", 1998: MT19937.
struct Generator::Engine {
  static constexpr std::uint32_t size = 624, shift = 397;

  std::uint64_t seed = 0;
  std::array<std::uint32_t, size> numbers{};
  std::uint32_t left = 1, next = 0;
  double normal_double =
      0;  // samples that PyTorch's normal draws leave over; kept so that a state comes back as it was
  float normal_float = 0;
  bool has_normal_double = false, has_normal_float = false;

  void start(std::uint64_t new_seed) {
    *this = Engine();
    seed = new_seed;
    numbers[0] = static_cast<std::uint32_t>(seed);
    for (std::uint32_t i = 1; i < size; ++i) numbers[i] = 1812433253u * (numbers[i - 1] ^ (numbers[i - 1] >> 30)) + i;
  }

  std::uint32_t draw() {
    if (--left == 0) refill();
    std::uint32_t y = numbers[next++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
  }

  std::uint64_t draw64() {
    const std::uint64_t high = draw();
    return high << 32 | draw();
  }

 private:
  void refill() {
    const auto twist = [&](std::uint32_t i, std::uint32_t following, std::uint32_t shifted) {
      const std::uint32_t mixed = (numbers[i] & 0x80000000u) | (numbers[following] & 0x7fffffffu);
      numbers[i] = numbers[shifted] ^ (mixed >> 1) ^ (numbers[following] & 1 ? 0x9908b0dfu : 0);
    };
    for (std::uint32_t i = 0; i < size - shift; ++i) twist(i, i + 1, i + shift);
    for (std::uint32_t i = size - shift; i < size - 1; ++i) twist(i, i + 1, i + shift - size);
    twist(size - 1, 0, shift - 1);
    left = size;
    next = 0;
  }
};

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

  Generator::Engine engine;
  engine.seed = get<std::uint64_t>(state, seed_field);
  engine.left = get<std::uint32_t>(state, left_field);
  const auto next = get<std::uint64_t>(state, next_field);
  bool valid = get<std::uint32_t>(state, seeded_field) == 1 && engine.left >= 1 && engine.left <= engine.size &&
               next <= engine.size;
  for (std::uint32_t i = 0; i < engine.size; ++i) {
    const auto number = get<std::uint64_t>(state, Field{numbers_field.offset + std::size_t{8} * i});
    engine.numbers[i] = static_cast<std::uint32_t>(number);
    valid = valid && number <= std::numeric_limits<std::uint32_t>::max();
  }
  // A draw reads numbers[next] as long as it does not refill first: both counters must agree on how many are left.
  valid = valid && (engine.left == 1 || next + engine.left <= engine.size + std::uint64_t{1});
  check<StateDictError>(valid, "Invalid mt19937 state");
  engine.next = static_cast<std::uint32_t>(next);
  engine.has_normal_double = get<std::uint32_t>(state, has_normal_field) != 0;
  if (engine.has_normal_double) engine.normal_double = get<double>(state, normal_field);
  if (tensor.numel() == old_state_size && engine.has_normal_double) {
    // The old form keeps what the sample is made of: 0.5 turns around the circle of radius `rho`, by Box and Muller.
    const double turn = get<double>(state, Field{5016}), rho = get<double>(state, Field{5032});
    engine.normal_double = rho * std::sin(2.0 * 3.14159265358979323846 * turn);
  }
  if (tensor.numel() == Generator::state_size) {
    engine.has_normal_float = get<std::uint8_t>(state, has_float_field) != 0;
    if (engine.has_normal_float) engine.normal_float = get<float>(state, float_field);
  }
  return engine;
}

std::mutex default_mutex;

}  // namespace

/// Holds the lock while a call draws from the default generator; other generators are their owner's business.
class GeneratorLock {
 public:
  explicit GeneratorLock(const Generator& generator) {
    if (&generator.engine() == &default_generator().engine()) lock_ = std::unique_lock(default_mutex);
  }

 private:
  std::unique_lock<std::mutex> lock_;
};

Generator::Generator(std::uint64_t seed) : engine_(std::make_shared<Engine>()) { engine_->start(seed); }

void Generator::manual_seed(std::uint64_t seed) {
  const GeneratorLock lock(*this);
  engine_->start(seed);
}

std::uint64_t Generator::initial_seed() const {
  const GeneratorLock lock(*this);
  return engine_->seed;
}

std::uint32_t Generator::random() {
  const GeneratorLock lock(*this);
  return engine_->draw();
}

std::uint64_t Generator::random64() {
  const GeneratorLock lock(*this);
  return engine_->draw64();
}

Tensor Generator::get_state() const {
  Tensor tensor = zeros({state_size}, {.dtype = DType::uint8});
  const std::span<std::uint8_t> state = tensor.data<std::uint8_t>();
  const GeneratorLock lock(*this);
  put(state, seed_field, engine_->seed);
  put(state, left_field, engine_->left);
  put(state, seeded_field, std::uint32_t{1});
  put(state, next_field, std::uint64_t{engine_->next});
  for (std::uint32_t i = 0; i < Engine::size; ++i) {
    put(state, Field{numbers_field.offset + std::size_t{8} * i}, std::uint64_t{engine_->numbers[i]});
  }
  put(state, normal_field, engine_->normal_double);
  put(state, has_normal_field, std::uint32_t{engine_->has_normal_double});
  put(state, float_field, engine_->normal_float);
  put(state, has_float_field, std::uint8_t{engine_->has_normal_float});
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

namespace {

/// Fills contiguous memory; numbers of more than 32 bits take two draws.
template <class T>
void fill_uniform(T* numbers, std::int64_t count, double from, double to, Generator::Engine& engine) {
  const Uniform<T> uniform(from, to);
  for (std::int64_t i = 0; i < count; ++i)
    numbers[i] = uniform(Uniform<T>::digits > 32 ? engine.draw64() : engine.draw());
}

std::string short_number(double value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%g", value);
  return digits;
}

template <class T>
constexpr bool is_random_type =
    std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, float16> || std::is_same_v<T, bfloat16>;

double largest_of(DType dtype) {
  switch (dtype) {
    case DType::float16:
      return 65504;
    case DType::bfloat16:
      return 3.3895313892515355e38;
    case DType::float32:
      return std::numeric_limits<float>::max();
    default:
      return std::numeric_limits<double>::max();
  }
}

void check_uniform(const Tensor& tensor, double from, double to) {
  const DType dtype = tensor.dtype();
  const bool drawn =
      dtype == DType::float16 || dtype == DType::bfloat16 || dtype == DType::float32 || dtype == DType::float64;
  check<DTypeError>(drawn, "\"uniform_kernel_cpu\" not implemented for '", scalar_type_name(dtype), "'");
  check<ValueError>(from <= to, "uniform_ expects to return a [from, to) range, but found from=", short_number(from),
                    " > to=", short_number(to));
  check<ValueError>(to - from <= largest_of(dtype), "uniform_ expects to-from <= std::numeric_limits<",
                    scalar_type_name(dtype), ">::max(), but found to=", short_number(to),
                    " and from=", short_number(from), " which result in to-from to exceed the limit");
  check<AutogradError>(!is_grad_enabled() || !tensor.requires_grad(),
                       tensor.is_leaf()
                           ? "a leaf Variable that requires grad is being used in an in-place operation."
                           : "uniform_: the tensor is part of a graph; draw within NoGrad, or into a new tensor");
}

/// The same numbers with the largest stride first: the order in memory, which is the order PyTorch draws in.
Tensor in_memory_order(const Tensor& tensor) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(tensor.dim()));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return tensor.strides()[static_cast<int>(a)] > tensor.strides()[static_cast<int>(b)];
  });
  return tensor.permute(Shape(std::span<const std::int64_t>(order)));
}

/// Draws on the host; the caller holds the generator's lock.
void fill_on_host(const Tensor& contiguous, double from, double to, Generator::Engine& engine) {
  visit(contiguous.dtype(), [&]<class T>() {
    if constexpr (is_random_type<T>) fill_uniform(contiguous.data<T>().data(), contiguous.numel(), from, to, engine);
  });
}

Generator chosen(const OptionalGenerator& generator) { return generator ? *generator : default_generator(); }

}  // namespace

const Tensor& uniform_(const Tensor& tensor, double from, double to, const OptionalGenerator& generator) {
  check_uniform(tensor, from, to);
  if (tensor.device().is_meta() || tensor.numel() == 0) return tensor;
  const NoGrad no_grad;
  const Generator source = chosen(generator);
  const Backend& device = backend(tensor.device());
  if (tensor.device().is_cpu() && tensor.is_contiguous()) {
    const GeneratorLock lock(source);
    fill_on_host(tensor, from, to, source.engine());
    tensor.impl()->storage->bump_version();
    return tensor;
  }
  const Tensor target = in_memory_order(tensor);
  if (device.uniform) {
    // The device counts by itself: the generator gives one key of 64 bits a call.
    const Tensor drawn = empty(target.shape(), {.dtype = target.dtype(), .device = target.device()});
    const View view{drawn.raw_data(), drawn.shape().data(), drawn.strides().data(), drawn.dim(), drawn.dtype()};
    const std::uint64_t key = Generator(source).random64();
    check_status(device.uniform(tensor.device().index(), &view, key, 0, from, to, nullptr), device, tensor.device(),
                 "uniform_");
    target.copy_(drawn);
    return tensor;
  }
  const Tensor drawn = empty(target.shape(), {.dtype = target.dtype()});
  {
    const GeneratorLock lock(source);
    fill_on_host(drawn, from, to, source.engine());
  }
  target.copy_(drawn);
  return tensor;
}

Tensor rand(const Shape& shape, const TensorOptions& options, const OptionalGenerator& generator) {
  Tensor made = empty(shape, {.dtype = options.dtype, .device = options.device});
  uniform_(made, 0, 1, generator);
  if (options.requires_grad) made.requires_grad_();
  return made;
}

Tensor randperm(std::int64_t n, const OptionalGenerator& generator) {
  check<ValueError>(n >= 0, "n must be non-negative, got", n);
  Tensor made = arange(n);
  const std::span<std::int64_t> order = made.data<std::int64_t>();
  const Generator source = chosen(generator);
  const GeneratorLock lock(source);
  const bool wide = n >= std::numeric_limits<std::uint32_t>::max() / 20;  // where 32 bits would be visibly uneven
  for (std::int64_t i = 0; i < n - 1; ++i) {
    const std::uint64_t bits = wide ? source.engine().draw64() : source.engine().draw();
    const auto step = static_cast<std::int64_t>(bits % static_cast<std::uint64_t>(n - i));
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(i + step)]);
  }
  return made;
}

}  // namespace cairn
