// Pooling of images (core/pooling_windows.h). A thread computes a number of the result, of a gradient a number of the
// input: it goes through the windows that see that number, in their order, so that nothing is added by two threads at
// once and sums are the CPU's.
#include <cairn/core/pooling_windows.h>
#include <cairn/cuda/elementwise.h>

namespace cairn::cuda {
namespace {

/// Height and width of planes that lie one after another.
struct Plane {
  std::int64_t height, width;

  explicit Plane(const View& view) : height(view.dims[view.rank - 2]), width(view.dims[view.rank - 1]) {}
  CAIRN_HOST_DEVICE std::int64_t size() const { return height * width; }
};

/// Queues `body` for the numbers of an operand, counted from 0.
template <class Body>
void run_numbered(Context& context, const View& of, const Body& body) {
  const std::int64_t count = numel_of(of), step = 1;
  const View numbers{nullptr, &count, &step, 1, DType::int64};
  run_elementwise<1>(context, {&numbers}, body);
}

template <class T>
struct Largest {
  MaxPool2dAttributes attributes;
  Plane in, out;
  T* y;
  std::int64_t* indices;
  const T* x;
  struct Loaded {
    T value;
    std::int64_t where;
  };
  __device__ Loaded load(const Offsets<1>& at) const {
    const std::int64_t place = at[0] % out.size();
    const T* plane = x + at[0] / out.size() * in.size();
    const std::int64_t top = place / out.width * attributes.stride[0] - attributes.padding[0];
    const std::int64_t left = place % out.width * attributes.stride[1] - attributes.padding[1];
    Computed<T> best = -static_cast<Computed<T>>(__builtin_inf());
    std::int64_t where = -1;
    for (std::int64_t i = 0; i < attributes.kernel[0]; ++i) {
      const std::int64_t row = top + i * attributes.dilation[0];
      if (row < 0 || row >= in.height) continue;
      for (std::int64_t j = 0; j < attributes.kernel[1]; ++j) {
        const std::int64_t column = left + j * attributes.dilation[1];
        if (column < 0 || column >= in.width) continue;
        const auto value = static_cast<Computed<T>>(plane[row * in.width + column]);
        if (value > best || value != value || where < 0) {
          best = value;
          where = row * in.width + column;
        }
      }
    }
    return {T(best), where};
  }
  __device__ void store(const Offsets<1>& at, const Loaded& largest) const {
    y[at[0]] = largest.value;
    if (indices) indices[at[0]] = largest.where;
  }
};

/// y, [indices] -> x
template <class T>
void max_pool2d(Context& context, const KernelCall& call) {
  const View &y = call.operands[0], &x = call.operands[2];
  run_numbered(context, y,
               Largest<T>{*static_cast<const MaxPool2dAttributes*>(call.attributes), Plane(x), Plane(y), data_of<T>(y),
                          data_or_null<std::int64_t>(call.operands[1]), data_of<T>(x)});
}

template <class T>
struct GradientOfLargest {
  MaxPool2dAttributes attributes;
  Plane in, out;
  T* gx;
  const T* g;
  const std::int64_t* indices;
  using Loaded = Computed<T>;
  __device__ PoolingPlaces places(int d, std::int64_t i, std::int64_t count) const {
    return places_that_see(i, (attributes.kernel[d] - 1) * attributes.dilation[d] + 1, attributes.stride[d],
                           attributes.padding[d], count);
  }
  __device__ Loaded load(const Offsets<1>& at) const {
    const std::int64_t place = at[0] % in.size(), plane = at[0] / in.size() * out.size();
    const PoolingPlaces down = places(0, place / in.width, out.height), across = places(1, place % in.width, out.width);
    Loaded sum(0);
    for (std::int64_t i = down.begin; i < down.end; ++i) {
      for (std::int64_t j = across.begin; j < across.end; ++j) {
        const std::int64_t window = plane + i * out.width + j;
        if (indices[window] == place) sum = sum + static_cast<Loaded>(g[window]);
      }
    }
    return sum;
  }
  __device__ void store(const Offsets<1>& at, Loaded sum) const { gx[at[0]] = T(sum); }
};

/// grad_x -> grad_y, indices
template <class T>
void max_pool2d_backward(Context& context, const KernelCall& call) {
  const View &gx = call.operands[0], &g = call.operands[1];
  run_numbered(context, gx,
               GradientOfLargest<T>{*static_cast<const MaxPool2dAttributes*>(call.attributes), Plane(gx), Plane(g),
                                    data_of<T>(gx), data_of<T>(g), data_of<std::int64_t>(call.operands[2])});
}

template <class T>
struct MeanOfWindow {
  AvgPool2dAttributes attributes;
  Plane in, out;
  T* y;
  const T* x;
  using Loaded = Computed<T>;
  __device__ Loaded load(const Offsets<1>& at) const {
    const std::int64_t place = at[0] % out.size();
    const T* plane = x + at[0] / out.size() * in.size();
    const PoolingWindow down = pooling_window(attributes, 0, place / out.width, in.height, out.height);
    const PoolingWindow across = pooling_window(attributes, 1, place % out.width, in.width, out.width);
    if (down.begin >= down.end || across.begin >= across.end) return Loaded(0);
    Loaded sum(0);
    for (std::int64_t i = down.begin; i < down.end; ++i)
      for (std::int64_t j = across.begin; j < across.end; ++j) sum = sum + static_cast<Loaded>(plane[i * in.width + j]);
    return sum / static_cast<Loaded>(pooling_divisor(attributes, down, across));
  }
  __device__ void store(const Offsets<1>& at, Loaded mean) const { y[at[0]] = T(mean); }
};

/// y -> x
template <class T>
void avg_pool2d(Context& context, const KernelCall& call) {
  const View &y = call.operands[0], &x = call.operands[1];
  run_numbered(context, y,
               MeanOfWindow<T>{*static_cast<const AvgPool2dAttributes*>(call.attributes), Plane(x), Plane(y),
                               data_of<T>(y), data_of<T>(x)});
}

template <class T>
struct GradientOfMean {
  AvgPool2dAttributes attributes;
  Plane in, out;
  T* gx;
  const T* g;
  using Loaded = Computed<T>;
  __device__ Loaded load(const Offsets<1>& at) const {
    const std::int64_t place = at[0] % in.size(), row = place / in.width, column = place % in.width;
    const T* plane = g + at[0] / in.size() * out.size();
    const PoolingPlaces down = places_that_see(attributes, 0, row, in.height, out.height);
    const PoolingPlaces across = places_that_see(attributes, 1, column, in.width, out.width);
    Loaded sum(0);
    for (std::int64_t i = down.begin; i < down.end; ++i) {
      for (std::int64_t j = across.begin; j < across.end; ++j) {
        const PoolingWindow y = pooling_window(attributes, 0, i, in.height, out.height);
        const PoolingWindow x = pooling_window(attributes, 1, j, in.width, out.width);
        sum = sum +
              static_cast<Loaded>(plane[i * out.width + j]) / static_cast<Loaded>(pooling_divisor(attributes, y, x));
      }
    }
    return sum;
  }
  __device__ void store(const Offsets<1>& at, Loaded sum) const { gx[at[0]] = T(sum); }
};

/// grad_x -> grad_y
template <class T>
void avg_pool2d_backward(Context& context, const KernelCall& call) {
  const View &gx = call.operands[0], &g = call.operands[1];
  run_numbered(context, gx,
               GradientOfMean<T>{*static_cast<const AvgPool2dAttributes*>(call.attributes), Plane(gx), Plane(g),
                                 data_of<T>(gx), data_of<T>(g)});
}

struct Enter {
  KernelTable& table;
  template <class T>
  void operator()() const {
    table.set<T>(Operation::max_pool2d, max_pool2d<T>);
    table.set<T>(Operation::max_pool2d_backward, max_pool2d_backward<T>);
    table.set<T>(Operation::avg_pool2d, avg_pool2d<T>);
    table.set<T>(Operation::avg_pool2d_backward, avg_pool2d_backward<T>);
  }
};

}  // namespace

void add_pooling_kernels(KernelTable& table) { for_each_type(FloatTypes{}, Enter{table}); }

}  // namespace cairn::cuda
