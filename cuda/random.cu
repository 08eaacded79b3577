// Random numbers, drawn where they are needed: a number depends on the seed, the counter and its own index, so that
// what is drawn does not depend on how the work is divided.
//
//   thread t   ──►  philox(t, counter, seed): 4 words   ──►   float, float16, bfloat16: numbers 4 t ... 4 t + 3
//                                                             double: numbers 2 t and 2 t + 1
#include <cairn/core/philox.h>
#include <cairn/core/uniform.h>
#include <cairn/cuda/launch.h>

namespace cairn::cuda {
namespace {

/// What one thread draws, written in one piece where it may be.
template <class T>
struct alignas(sizeof(T) == 8 ? 16 : 4 * sizeof(T)) Numbers {
  static constexpr int count = sizeof(T) == 8 ? 2 : 4;
  T at[count];
};

template <class T>
__global__ void __launch_bounds__(block_size)
    draw(T* y, std::int64_t count, Uniform<T> uniform, std::uint64_t counter, std::uint64_t seed) {
  constexpr int each = Numbers<T>::count;
  const std::int64_t t = static_cast<std::int64_t>(blockIdx.x) * block_size + threadIdx.x, first = t * each;
  if (first >= count) return;
  const PhiloxWords words = philox(static_cast<std::uint64_t>(t), counter, seed);
  Numbers<T> numbers;
  for (int i = 0; i < each; ++i) {
    if constexpr (each == 2)
      numbers.at[i] = uniform(std::uint64_t{words.at[2 * i]} << 32 | words.at[2 * i + 1]);
    else
      numbers.at[i] = uniform(words.at[i]);
  }
  if (first + each <= count && reinterpret_cast<std::uintptr_t>(y) % sizeof numbers == 0) {
    *reinterpret_cast<Numbers<T>*>(y + first) = numbers;
  } else {
    for (int i = 0; i < each && first + i < count; ++i) y[first + i] = numbers.at[i];
  }
}

struct Draw {
  Context& context;
  const View& view;
  std::uint64_t seed, counter;
  double from, to;

  template <class T>
  void operator()() const {
    if (view.dtype != dtype_of<T>) return;
    const std::int64_t count = numel_of(view), each = std::int64_t{block_size} * Numbers<T>::count;
    launch(context, draw<T>, blocks_for(count, each), data_of<T>(view), count, Uniform<T>(from, to), counter, seed);
  }
};

}  // namespace

void uniform(Context& context, const View& view, std::uint64_t seed, std::uint64_t counter, double from, double to) {
  for_each_type(FloatTypes{}, Draw{context, view, seed, counter, from, to});
}

}  // namespace cairn::cuda
