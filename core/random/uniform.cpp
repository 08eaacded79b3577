// Evenly distributed numbers, drawn on the host, or by the device where it has a generator of its own.

#include <algorithm>
#include <limits>

#include <cairn/core/backend.h>
#include <cairn/core/random/filling.h>
#include <cairn/core/tensor_impl.h>
#include <cairn/core/uniform.h>

namespace cairn {
namespace {

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

void check_range(DType dtype, double from, double to) {
  check<DTypeError>(is_one_of(dtype, RealTypes{}), "\"check_uniform_bounds\" not implemented for '",
                    scalar_type_name(dtype), "'");
  const double largest = largest_of(dtype);
  check<ValueError>(from >= -largest && from <= largest, "from is out of bounds for ", type_name(dtype));
  check<ValueError>(to >= -largest && to <= largest, "to is out of bounds for ", type_name(dtype));
  check<ValueError>(from <= to, "uniform_ expects to return a [from, to) range, but found from=", ShortNumber{from},
                    " > to=", ShortNumber{to});
  check<ValueError>(to - from <= largest, "uniform_ expects to-from <= std::numeric_limits<", scalar_type_name(dtype),
                    ">::max(), but found to=", ShortNumber{to}, " and from=", ShortNumber{from},
                    " which result in to-from to exceed the limit");
}

/// The device counts by itself: the generator gives one key of 64 bits a call.
void fill_on_device(const Tensor& tensor, double from, double to, std::uint64_t key) {
  const Backend& device = backend(tensor.device());
  const Tensor drawn = empty({tensor.numel()}, {.dtype = tensor.dtype(), .device = tensor.device()});
  const View view{drawn.raw_data(), drawn.shape().data(), drawn.strides().data(), drawn.dim(), drawn.dtype()};
  check_status(device.uniform(tensor.device().index(), &view, key, 0, from, to, nullptr), device, tensor.device(),
               "uniform_");
  finish_drawing(drawn, tensor);
}

}  // namespace

const Tensor& uniform_(const Tensor& tensor, double from, double to, const OptionalGenerator& generator) {
  check_drawn_in_place(tensor);
  check_range(tensor.dtype(), from, to);
  if (!tensor.device().is_meta() && tensor.numel() > 0 && backend(tensor.device()).uniform) {
    Generator source = generator ? *generator : default_generator();
    fill_on_device(tensor, from, to, source.random64());
    return tensor;
  }
  fill_drawn(RealTypes{}, tensor, generator, [&]<class T>(T* numbers, std::int64_t count, Generator::Engine& engine) {
    const Uniform<T> uniform(from, to);
    constexpr std::int64_t block = 512;
    for (std::int64_t at = 0; at < count; at += block) {
      const std::int64_t some = std::min(block, count - at);
      if constexpr (uniform.digits > 32) {
        for (std::int64_t i = 0; i < some; ++i) numbers[at + i] = uniform(engine.draw64());
        continue;
      }
      std::uint32_t bits[block];
      engine.twister.draw(bits, some);
      if constexpr (sizeof(T) == sizeof(float)) {
        for (std::int64_t i = 0; i < some; ++i) numbers[at + i] = uniform(bits[i]);
      } else {  // rounding to 16 bits is worth a loop of its own, which is one over registers
        Computed<T> made[block];
        for (std::int64_t i = 0; i < some; ++i) made[i] = uniform.computed(bits[i]);
        for (std::int64_t i = 0; i < some; ++i) numbers[at + i] = uniform.stored(made[i]);
      }
    }
  });
  return tensor;
}

Tensor rand(const Shape& shape, const TensorOptions& options, const OptionalGenerator& generator) {
  Tensor made = empty(shape, {.dtype = options.dtype, .device = options.device});
  uniform_(made, 0, 1, generator);
  return options.requires_grad ? made.requires_grad_() : made;
}

Tensor rand_like(const Tensor& like, const OptionalGenerator& generator) {
  return uniform_(empty_in_layout_of(like), 0, 1, generator);
}

}  // namespace cairn
