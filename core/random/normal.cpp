// Normal numbers, by way of box_muller.h: sixteen at a time where there are that many and they lie side by side, else
// in pairs, of which the generator keeps the second for the next draw.

#include <algorithm>
#include <cmath>
#include <type_traits>

#include <cairn/core/cpu/instruction_set.h>
#include <cairn/core/number.h>
#include <cairn/core/random/box_muller.h>
#include <cairn/core/random/filling.h>
#include <cairn/core/uniform.h>

extern "C" {
const void* cairn_box_muller_baseline();
#if defined(__x86_64__)
const void* cairn_box_muller_avx2();
#endif
}

namespace cairn {

const BoxMuller& box_muller() {
#if defined(__x86_64__)
  if (instruction_set_in_use() != InstructionSet::baseline)
    return *static_cast<const BoxMuller*>(cairn_box_muller_avx2());
#endif
  return *static_cast<const BoxMuller*>(cairn_box_muller_baseline());
}

namespace {

constexpr std::int64_t block = 512;  // numbers made at a time, while they are in the cache

/// Numbers of [0, 1).
template <class Wide>
void draw_uniform(Wide* numbers, std::int64_t count, MersenneTwister& twister) {
  std::uint32_t bits[2 * block];
  if constexpr (std::is_same_v<Wide, double>) {
    twister.draw(bits, 2 * count);
    for (std::int64_t i = 0; i < count; ++i)
      numbers[i] = Uniform<double>::fraction(std::uint64_t{bits[2 * i]} << 32 | bits[2 * i + 1]);
  } else {
    twister.draw(bits, count);
    for (std::int64_t i = 0; i < count; ++i) numbers[i] = Uniform<float>::fraction(bits[i]);
  }
}

template <class T>
void fill_by_sixteen(T* numbers, std::int64_t count, double mean, double std, MersenneTwister& twister) {
  using Wide = Computed<T>;
  Wide made[block];
  const auto make = [&](T* to, std::int64_t some) {
    draw_uniform(made, some, twister);
    if constexpr (std::is_same_v<Wide, double>)
      box_muller().double_sixteens(made, some, mean, std);
    else
      box_muller().sixteens(made, some, static_cast<float>(mean), static_cast<float>(std));
    for (std::int64_t i = 0; i < some; ++i) to[i] = static_cast<T>(made[i]);
  };
  const std::int64_t rest = count % 16;
  for (std::int64_t at = 0; at < count - rest; at += block) make(numbers + at, std::min(block, count - rest - at));
  if (rest == 0) return;
  // The last sixteen are made again. PyTorch has drawn for the rest before it does so, unless it computes in float what
  // it stores in 16 bits.
  if constexpr (std::is_same_v<T, Wide>) draw_uniform(made, rest, twister);
  make(numbers + count - 16, 16);
}

template <class T>
void fill_in_pairs(T* numbers, std::int64_t count, double mean, double std, Generator::Engine& engine) {
  const auto put = [&](std::int64_t i, double sample) {
    numbers[i] = static_cast<T>(static_cast<Computed<T>>(std::fma(sample, std, mean)));
  };
  std::int64_t at = 0;
  if (engine.normal) {
    put(at++, *engine.normal);
    engine.normal.reset();
  }
  double made[block];
  while (at < count) {
    const std::int64_t some = std::min(block, count - at), pairs = (some + 1) / 2;
    draw_uniform(made, 2 * pairs, engine.twister);
    box_muller().pairs(made, pairs);
    for (std::int64_t i = 0; i < some; ++i) put(at + i, made[i]);
    if (some % 2 != 0) engine.normal = made[some];
    at += some;
  }
}

}  // namespace

const Tensor& normal_(const Tensor& tensor, double mean, double std, const OptionalGenerator& generator) {
  check_drawn_in_place(tensor);
  check<ValueError>(std >= 0, "normal expects std >= 0.0, but found std ", ShortNumber{std});
  if (tensor.numel() == 0) return tensor;
  check<DTypeError>(is_one_of(tensor.dtype(), RealTypes{}), "\"normal_kernel_cpu\" not implemented for '",
                    scalar_type_name(tensor.dtype()), "'");
  const bool by_sixteen = tensor.numel() >= 16 && tensor.is_contiguous();
  fill_drawn(RealTypes{}, tensor, generator, [&]<class T>(T* numbers, std::int64_t count, Generator::Engine& engine) {
    if (by_sixteen)
      fill_by_sixteen(numbers, count, mean, std, engine.twister);
    else
      fill_in_pairs(numbers, count, mean, std, engine);
  });
  return tensor;
}

Tensor randn(const Shape& shape, const TensorOptions& options, const OptionalGenerator& generator) {
  Tensor made = empty(shape, {.dtype = options.dtype, .device = options.device});
  normal_(made, 0, 1, generator);
  return options.requires_grad ? made.requires_grad_() : made;
}

Tensor randn_like(const Tensor& like, const OptionalGenerator& generator) {
  return normal_(empty_in_layout_of(like), 0, 1, generator);
}

}  // namespace cairn
