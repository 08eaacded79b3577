// Pooling, plane by plane: the largest number of each window and where it lies, or the mean (pooling_windows.h).
//
// Maxima are taken of many windows at a time, one number of all of them after another. Where each lies is looked up
// once for all planes, which takes care of padding, and of rows too short for loops along them. Of equal numbers the
// first counts, of NaNs the last, as in PyTorch.

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

/// Where the windows of some rows look, number after number of all windows, as places in a plane. A number beyond the
/// plane is replaced by one of the same window that is not: seeing that twice changes no maximum.
template <class Place>
class WindowTable {
 public:
  static constexpr std::int64_t most = 4096;  // numbers; they stay in the first cache

  WindowTable(const MaxPool2dAttributes& attributes, const Planes& in, const Planes& out)
      : attributes_(attributes),
        in_(in),
        out_(out),
        taps_(attributes.kernel[0] * attributes.kernel[1]),
        rows_(out.width * taps_ < most ? at_most(out.height, most / (out.width * taps_)) : 1),
        places_(rows_ * out.width * taps_),
        blind_(rows_ * out.width) {}

  std::int64_t rows() const { return rows_; }  // at most, that are looked up together

  void look_up(std::int64_t first_row, std::int64_t rows) {
    const auto &kernel = attributes_.kernel, &stride = attributes_.stride, &padding = attributes_.padding;
    windows_ = rows * out_.width;
    blind_count_ = 0;
    for (std::int64_t window = 0; window < windows_; ++window) {
      const std::int64_t top = (first_row + window / out_.width) * stride[0] - padding[0];
      const std::int64_t left = window % out_.width * stride[1] - padding[1];
      Place last = nowhere, *to = places_.data() + window;
      std::int64_t unseen = 0;  // numbers before the first that lies in the plane
      for (std::int64_t tap = 0; tap < taps_; ++tap, to += windows_) {
        const std::int64_t y = top + tap / kernel[1] * attributes_.dilation[0];
        const std::int64_t x = left + tap % kernel[1] * attributes_.dilation[1];
        if (y >= 0 && y < in_.height && x >= 0 && x < in_.width) last = static_cast<Place>(y * in_.width + x);
        if (last == nowhere) ++unseen;
        *to = last;
      }
      for (to = places_.data() + window; unseen > 0; --unseen, to += windows_)
        *to = last == nowhere ? 0 : to[unseen * windows_];
      if (last == nowhere) blind_[blind_count_++] = window;
    }
  }

  /// The maxima in a plane of x, and where they are.
  template <class T>
  [[gnu::noinline]] void take_maxima(const T* x, T* __restrict best, Place* __restrict where) {
    const Place* place = places_.data();
    for (std::int64_t i = 0; i < windows_; ++i) {
      best[i] = x[place[i]];
      where[i] = place[i];
    }
    for (std::int64_t tap = 1; tap < taps_; ++tap) {
      place += windows_;
      for (std::int64_t i = 0; i < windows_; ++i) {
        const T value = x[place[i]];
        const bool larger = (value > best[i]) | (value != value);  // no branch: which one it is, nobody foresees
        best[i] = larger ? value : best[i];
        where[i] = larger ? place[i] : where[i];
      }
    }
    for (std::int64_t i = 0; i < blind_count_; ++i) {
      best[blind_[i]] = -std::numeric_limits<T>::infinity();
      where[blind_[i]] = nowhere;
    }
  }

 private:
  const MaxPool2dAttributes& attributes_;
  const Planes &in_, &out_;
  std::int64_t taps_, rows_, windows_ = 0, blind_count_ = 0;
  Scratch<Place> places_;
  Scratch<std::int64_t> blind_;  // windows that see nothing but padding
};

template <class Place, class T>
void max_pool_planes(const KernelCall& call) {
  const auto& attributes = *static_cast<const MaxPool2dAttributes*>(call.attributes);
  const View &y = call.operands[0], &indices = call.operands[1], &x = call.operands[2];
  const Planes out(y), in(x);
  if (in.count * out.size() == 0) return;
  const bool worthwhile = in.count * in.size() > 32768;
  const std::int64_t shares = worthwhile ? at_most(in.count, cairn_kernel_concurrency()) : 1;
  kernel_parallel_for(shares, worthwhile, [&](std::int64_t share) {
    WindowTable<Place> table(attributes, in, out);
    Scratch<Place> where(table.rows() * out.width);
    for (std::int64_t row = 0; row < out.height; row += table.rows()) {
      const std::int64_t rows = at_most(table.rows(), out.height - row);
      table.look_up(row, rows);
      for (std::int64_t plane = share * in.count / shares; plane < (share + 1) * in.count / shares; ++plane) {
        const std::int64_t first = plane * out.size() + row * out.width;
        table.take_maxima(data_of<T>(x) + plane * in.size(), data_of<T>(y) + first, where.data());
        if (!indices.present()) continue;
        for (std::int64_t i = 0; i < rows * out.width; ++i) data_of<std::int64_t>(indices)[first + i] = where[i];
      }
    }
  });
}

/// y, [indices] -> x
template <class T>
void max_pool2d(const KernelCall& call) {
  const bool few = Planes(call.operands[2]).size() <= std::numeric_limits<std::int32_t>::max();
  few ? max_pool_planes<std::int32_t, T>(call) : max_pool_planes<std::int64_t, T>(call);
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
