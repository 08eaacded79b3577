// Pooling, plane by plane: the largest number of each window and where it lies, or the mean (pooling_windows.h).
//
// Maxima are taken for a row of windows at a time, one number of all windows after another, so that the loop goes along
// the row. Of equal numbers the first counts, of NaNs the last, as in PyTorch.

#include <limits>

#include <cairn/core/cpu/kernel.h>
#include <cairn/core/pooling_windows.h>

namespace cairn {
namespace {

/// An operand as planes: everything before the last two dimensions is one.
struct Planes {
  std::int64_t count = 1, height, width;

  explicit Planes(const View& view) : height(view.dims[view.rank - 2]), width(view.dims[view.rank - 1]) {
    for (int d = 0; d + 2 < view.rank; ++d) count *= view.dims[d];
  }
  std::int64_t size() const { return height * width; }
};

template <class F>
void for_each_plane(const Planes& planes, std::int64_t largest, F&& f) {
  kernel_parallel_for(planes.count, planes.count * largest > 32768, f);
}

constexpr std::int64_t nowhere = -1;  // the place of the maximum of a window that sees nothing but padding

std::int64_t divide_up(std::int64_t i, std::int64_t by) { return i > 0 ? (i + by - 1) / by : 0; }

/// One number of every window of a row: x[at(place)], `step` apart, for places [begin, end).
template <bool indexed, class T>
[[gnu::noinline]] void take_larger(const T* x, std::int64_t step, std::int64_t begin, std::int64_t end, std::int64_t at,
                                   T* __restrict best, std::int64_t* __restrict where) {
  const auto take = [&](std::int64_t by) {
    for (std::int64_t i = begin; i < end; ++i) {
      const T value = x[i * by];
      const bool larger = (value > best[i]) | (value != value);  // no branch: which one it is, nobody foresees
      best[i] = larger ? value : best[i];
      if constexpr (indexed) where[i] = larger ? at + i * by : where[i];
    }
  };
  step == 1 ? take(1) : step == 2 ? take(2) : take(step);
}

template <bool indexed, class T>
void max_pool_plane(const MaxPool2dAttributes& a, const Planes& in, const Planes& out, const T* x, T* y,
                    std::int64_t* where) {
  for (std::int64_t line = 0; line < out.height; ++line, y += out.width, where += indexed ? out.width : 0) {
    const std::int64_t top = line * a.stride[0] - a.padding[0];
    const std::int64_t first = top + divide_up(-top, a.dilation[0]) * a.dilation[0];
    for (std::int64_t i = 0; i < out.width; ++i) {
      const std::int64_t left = i * a.stride[1] - a.padding[1];
      y[i] = -std::numeric_limits<T>::infinity();
      if constexpr (indexed) {
        const std::int64_t column = left + divide_up(-left, a.dilation[1]) * a.dilation[1];
        where[i] = first < in.height && column < in.width ? first * in.width + column : nowhere;
      }
    }
    for (std::int64_t row = first; row < top + a.kernel[0] * a.dilation[0] && row < in.height; row += a.dilation[0]) {
      for (std::int64_t j = 0; j < a.kernel[1]; ++j) {
        const std::int64_t offset = j * a.dilation[1] - a.padding[1];
        const std::int64_t begin = divide_up(-offset, a.stride[1]);
        const std::int64_t end = in.width > offset ? (in.width - offset - 1) / a.stride[1] + 1 : 0;
        const std::int64_t at = row * in.width + offset;
        take_larger<indexed>(x + at, a.stride[1], begin, end < out.width ? end : out.width, at, y, where);
      }
    }
  }
}

/// y, [indices] -> x
template <class T>
void max_pool2d(const KernelCall& call) {
  const auto& attributes = *static_cast<const MaxPool2dAttributes*>(call.attributes);
  const View &y = call.operands[0], &indices = call.operands[1], &x = call.operands[2];
  const Planes out(y), in(x);
  for_each_plane(in, in.size(), [&](std::int64_t plane) {
    const T* from = data_of<T>(x) + plane * in.size();
    T* const to = data_of<T>(y) + plane * out.size();
    if (indices.present())
      max_pool_plane<true>(attributes, in, out, from, to, data_of<std::int64_t>(indices) + plane * out.size());
    else
      max_pool_plane<false, T>(attributes, in, out, from, to, nullptr);
  });
}

/// grad_x -> grad_y, indices
template <class T>
void max_pool2d_backward(const KernelCall& call) {
  const Planes in(call.operands[0]), out(call.operands[1]);
  for_each_plane(in, in.size(), [&](std::int64_t plane) {
    T* const gx = data_of<T>(call.operands[0]) + plane * in.size();
    const T* g = data_of<T>(call.operands[1]) + plane * out.size();
    const std::int64_t* where = data_of<std::int64_t>(call.operands[2]) + plane * out.size();
    for (std::int64_t i = 0; i < in.size(); ++i) gx[i] = 0;
    for (std::int64_t i = 0; i < out.size(); ++i)
      if (where[i] != nowhere) gx[where[i]] += g[i];
  });
}

/// Calls f(place, first number of the window, how many rows and columns it has, divisor) for the windows of a plane.
template <class F>
void for_each_window(const AvgPool2dAttributes& attributes, const Planes& in, const Planes& out, F&& f) {
  for (std::int64_t i = 0; i < out.height; ++i) {
    const PoolingWindow y = pooling_window(attributes, 0, i, in.height, out.height);
    for (std::int64_t j = 0; j < out.width; ++j) {
      const PoolingWindow x = pooling_window(attributes, 1, j, in.width, out.width);
      f(i * out.width + j, y.begin * in.width + x.begin, y.end - y.begin, x.end - x.begin,
        pooling_divisor(attributes, y, x));
    }
  }
}

/// y -> x
template <class T>
void avg_pool2d(const KernelCall& call) {
  const auto& attributes = *static_cast<const AvgPool2dAttributes*>(call.attributes);
  const Planes out(call.operands[0]), in(call.operands[1]);
  for_each_plane(in, in.size() + out.size(), [&](std::int64_t plane) {
    T* const y = data_of<T>(call.operands[0]) + plane * out.size();
    const T* x = data_of<T>(call.operands[1]) + plane * in.size();
    for_each_window(
        attributes, in, out,
        [&](std::int64_t place, std::int64_t first, std::int64_t rows, std::int64_t columns, std::int64_t divisor) {
          T sum = 0;
          for (std::int64_t i = 0; i < rows; ++i)
            for (std::int64_t j = 0; j < columns; ++j) sum += x[first + i * in.width + j];
          y[place] = rows > 0 && columns > 0 ? sum / static_cast<T>(divisor) : T(0);
        });
  });
}

/// grad_x -> grad_y
template <class T>
void avg_pool2d_backward(const KernelCall& call) {
  const auto& attributes = *static_cast<const AvgPool2dAttributes*>(call.attributes);
  const Planes in(call.operands[0]), out(call.operands[1]);
  for_each_plane(in, in.size() + out.size(), [&](std::int64_t plane) {
    T* const gx = data_of<T>(call.operands[0]) + plane * in.size();
    const T* g = data_of<T>(call.operands[1]) + plane * out.size();
    for (std::int64_t i = 0; i < in.size(); ++i) gx[i] = 0;
    for_each_window(
        attributes, in, out,
        [&](std::int64_t place, std::int64_t first, std::int64_t rows, std::int64_t columns, std::int64_t divisor) {
          const T part = g[place] / static_cast<T>(divisor);
          for (std::int64_t i = 0; i < rows; ++i)
            for (std::int64_t j = 0; j < columns; ++j) gx[first + i * in.width + j] += part;
        });
  });
}

}  // namespace

void add_pooling_kernels(KernelTable& table) {
  for_each_type(FloatTypes{}, [&]<class T>() {
    table.set<T>(Operation::max_pool2d, max_pool2d<T>);
    table.set<T>(Operation::max_pool2d_backward, max_pool2d_backward<T>);
    table.set<T>(Operation::avg_pool2d, avg_pool2d<T>);
    table.set<T>(Operation::avg_pool2d_backward, avg_pool2d_backward<T>);
  });
}

}  // namespace cairn
