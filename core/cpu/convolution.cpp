// Convolutions of images (image_columns.h) as products of matrices, for each group of channels:
//
//   y [out, places]             weight [out, channels taps]  ×  columns of x [channels taps, places], then + bias
//   grad_x [channels, places]   the same over what grad_y is at, kernel turned round, in and out exchanged
//   grad_weight [out, ...]      its transpose: columns of x  ×  grad_y transposed
//
// An element of y or grad_x is one chain of multiply-adds over channels and taps, in order, one of grad_weight a chain
// over images and places, so that panels and threads change no bit.
//
// With a stride s, a place of x is seen by every s-th tap only, and which ones its place within s decides: grad_x is
// computed for each of those phases by itself, with the taps that count and no multiplication by what is not there.

#include <cairn/core/convolution_sizes.h>
#include <cairn/core/cpu/image_columns.h>
#include <cairn/core/cpu/planes.h>

namespace cairn {
namespace {

constexpr std::int64_t cached_numbers = 1 << 17;  // they stay in the second cache

/// Channels whose rows of the matrix make about `rows`.
std::int64_t channels_for(std::int64_t rows, std::int64_t channels, std::int64_t taps) {
  const std::int64_t count = at_most(channels, taps > 0 ? rows / taps : 1);
  return count > 0 ? count : 1;
}

/// c ← c + a b for row-major matrices, n whole packets; c ← a b if it is `first`.
template <class T>
void add_product(std::int64_t m, std::int64_t n, std::int64_t k, const T* a, std::int64_t a_row, const T* b,
                 std::int64_t b_row, T* c, bool first) {
  static constexpr T zeros[tile_columns<T>] = {};
  for (std::int64_t j = 0; j < n; j += tile_columns<T>) {
    const int packets = static_cast<int>(at_most(n - j, tile_columns<T>) / Packet<T>::size);
    TileCall<T> call{
        .k = k, .a = {}, .b = b + j, .b_row = b_row, .from = zeros, .from_row = 0, .c = nullptr, .c_row = n};
    int height = 0;
    for (std::int64_t i = 0; i < m; i += height) {
      height = tile_height(m - i);
      call.a = {a + i * a_row, a_row, 1};
      call.c = c + i * n + j;
      if (!first) {
        call.from = call.c;
        call.from_row = n;
      }
      find_tile<T>(height, packets)(call);
    }
  }
}

/// A matrix [rows, channels taps], in which the taps of a channel lie side by side.
template <class T>
struct Kernels {
  const T* data;
  std::int64_t row, channel;  // from one to the next
};

/// c ← c + the kernels of `count` channels times their columns b [count taps, n]; c ← the product if it is `first`.
template <class T>
void add_kernels(std::int64_t rows, std::int64_t n, std::int64_t count, std::int64_t taps, const T* a,
                 const Kernels<T>& kernels, const T* b, T* c, bool first) {
  if (kernels.channel == taps) return add_product(rows, n, count * taps, a, kernels.row, b, n, c, first);
  for (std::int64_t k = 0; k < count; ++k)
    add_product(rows, n, taps, a + k * kernels.channel, kernels.row, b + k * taps * n, n, c, first && k == 0);
}

/// The kernels times the columns of the images, handed over row by row: finish(row, image, row of places, first place,
/// how many, numbers).
template <class T, class Finish>
void multiply_columns(const Images<T>& images, std::int64_t channels, const Kernels<T>& kernels, std::int64_t rows,
                      Finish&& finish) {
  const std::int64_t taps = images.taps(), length = channels * taps;
  if (taps == 0) channels = 0;  // then all sums are 0
  const std::int64_t at_once = channels_for(block_k, channels, taps);
  const bool worthwhile = images.count * images.y.places * images.x.places * rows * length > parallel_size;
  kernel_parallel_for(Panel<T>::count(images), worthwhile, [&](std::int64_t index) {
    constexpr std::int64_t most = Panel<T>::most_columns, size = Packet<T>::size;
    Panel<T> panel(images, at_once);
    panel.move_to(index);
    Scratch<T> matrix(at_once * taps * round_up(most, size) + size), product(rows * round_up(most, size));
    const std::int64_t n = panel.row_length();
    bool first = true;
    for (std::int64_t c = 0; first || c < channels; c += at_once) {
      const std::int64_t count = at_most(channels - c, at_once);
      panel.fill(c, count, matrix.data());
      add_kernels(rows, n, count, taps, kernels.data + c * kernels.channel, kernels, matrix.data(), product.data(),
                  first);
      first = false;
    }
    for (std::int64_t r = 0; r < rows; ++r) {
      panel.each_run([&](std::int64_t image, std::int64_t y, std::int64_t x, std::int64_t places, std::int64_t column) {
        finish(r, image, y, x, places, product.data() + r * n + column);
      });
    }
  });
}

/// What the kernels have in common: x [n, in, height, width], y [n, out, ...], both row by row, in groups.
struct Sizes : ConvolutionSizes {
  using ConvolutionSizes::ConvolutionSizes;

  std::int64_t x_image() const { return groups * in * x_plane(); }
  std::int64_t y_image() const { return groups * out * y_plane(); }

  template <class T>
  Images<T> seen_by_y(const T* x) const {
    const auto axis = [&](int d, std::int64_t places, std::int64_t source, std::int64_t taps) {
      return Axis{places, source, taps, attributes.stride[d], -attributes.padding[d], attributes.dilation[d]};
    };
    return {axis(0, y_height, height, kernel_height), axis(1, y_width, width, kernel_width), n, x_image(), x};
  }
};

/// y -> x, weight, [bias]
template <class T>
void conv2d(const KernelCall& call) {
  const View &y = call.operands[0], &x = call.operands[1], &weight = call.operands[2], &bias = call.operands[3];
  const Sizes sizes(y, x, weight, call.attributes);
  for (std::int64_t g = 0; g < sizes.groups; ++g) {
    const Images<T> images = sizes.seen_by_y(data_of<T>(x) + g * sizes.in * sizes.x_plane());
    T* const result = data_of<T>(y) + g * sizes.out * sizes.y_plane();
    const T* added = bias.present() ? data_of<T>(bias) + g * sizes.out * bias.strides[0] : nullptr;
    const std::int64_t taps = sizes.taps(), row = sizes.in * taps;
    const Kernels<T> kernels{data_of<T>(weight) + g * sizes.out * row, row, taps};
    multiply_columns(images, sizes.in, kernels, sizes.out,
                     [&](std::int64_t row, std::int64_t image, std::int64_t line, std::int64_t place,
                         std::int64_t count, const T* numbers) {
                       const T constant = added ? added[row * bias.strides[0]] : T(0);
                       T* to = result + image * sizes.y_image() + row * sizes.y_plane() + line * sizes.y_width + place;
                       for (std::int64_t i = 0; i < count; ++i) to[i] = added ? numbers[i] + constant : numbers[i];
                     });
  }
}

/// The taps that see a place of x, of those that are `phase` beyond a multiple of the stride.
struct Phase {
  std::int64_t first_tap, tap_step;
  Axis axis;

  Phase(const Conv2dAttributes& attributes, int d, std::int64_t phase, std::int64_t x, std::int64_t y,
        std::int64_t kernel) {
    const std::int64_t stride = attributes.stride[d], dilation = attributes.dilation[d];
    const auto above = [&](std::int64_t tap) { return phase + attributes.padding[d] - tap * dilation; };
    tap_step = 1;
    while (tap_step * dilation % stride != 0) ++tap_step;
    first_tap = 0;
    while (first_tap < tap_step && above(first_tap) % stride != 0) ++first_tap;
    const bool any = first_tap < tap_step && first_tap < kernel;
    axis = {x > phase ? (x - phase - 1) / stride + 1 : 0,
            y,
            any ? (kernel - 1 - first_tap) / tap_step + 1 : 0,
            1,
            any ? above(first_tap) / stride : 0,
            -tap_step * dilation / stride};
  }
};

/// The kernel turned round, in and out exchanged: [in, out, taps] of the taps that see a place of a phase.
template <class T>
void turn_kernel(const Sizes& sizes, const Phase& y, const Phase& x, const T* weight, T* to) {
  constexpr std::int64_t at_once = 8;  // neighbours in `weight`; more would be too many places to write to
  const std::int64_t taps = y.axis.taps * x.axis.taps, blocks = (sizes.in + at_once - 1) / at_once;
  kernel_parallel_for(blocks, sizes.in * sizes.out * taps > 32768, [&](std::int64_t block) {
    const std::int64_t begin = block * at_once, end = at_most(begin + at_once, sizes.in);
    for (std::int64_t o = 0; o < sizes.out; ++o) {
      for (std::int64_t c = begin; c < end; ++c) {
        const T* from = weight + (o * sizes.in + c) * sizes.taps() + x.first_tap;
        T* turned = to + (c * sizes.out + o) * taps;
        for (std::int64_t i = 0; i < y.axis.taps; ++i)
          for (std::int64_t j = 0; j < x.axis.taps; ++j)
            *turned++ = from[(y.first_tap + i * y.tap_step) * sizes.kernel_width + j * x.tap_step];
      }
    }
  });
}

template <class T>
void gradient_of_input(const Sizes& sizes, T* gx, const T* g, const T* weight) {
  const Conv2dAttributes& attributes = sizes.attributes;
  const std::int64_t all = sizes.taps(), size = sizes.in * sizes.out * all;
  Scratch<T> turned(size);
  for (std::int64_t down = 0; down < attributes.stride[0]; ++down) {
    for (std::int64_t across = 0; across < attributes.stride[1]; ++across) {
      const Phase y(attributes, 0, down, sizes.height, sizes.y_height, sizes.kernel_height);
      const Phase x(attributes, 1, across, sizes.width, sizes.y_width, sizes.kernel_width);
      const Images<T> images{y.axis, x.axis, sizes.n, sizes.y_image(), g};
      const std::int64_t taps = images.taps();
      Kernels<T> kernels{turned.data(), sizes.out * taps, taps};
      // To turn what no cache holds, for a few panels, costs more than to read it as it lies.
      if (taps == all && size > cached_numbers && Panel<T>::count(images) <= 4)
        kernels = {weight, taps, sizes.in * taps};
      else
        turn_kernel(sizes, y, x, weight, turned.data());
      multiply_columns(images, sizes.out, kernels, sizes.in,
                       [&](std::int64_t row, std::int64_t image, std::int64_t line, std::int64_t place,
                           std::int64_t count, const T* numbers) {
                         T* plane = gx + image * sizes.x_image() + row * sizes.x_plane();
                         for (std::int64_t i = 0; i < count; ++line, place = 0) {
                           T* const at = plane + (line * attributes.stride[0] + down) * sizes.width + across;
                           const std::int64_t end = at_most(i + x.axis.places - place, count);
                           for (std::int64_t p = place; i < end; ++i, ++p) at[p * attributes.stride[1]] = numbers[i];
                         }
                       });
    }
  }
}

template <class T>
void gradient_of_weight(const Sizes& sizes, T* gw, const T* g, const T* x) {
  constexpr std::int64_t size = Packet<T>::size;
  const Images<T> images = sizes.seen_by_y(x);
  const std::int64_t taps = sizes.taps(), length = sizes.in * taps, plane = sizes.y_plane();
  const std::int64_t out = round_up(sizes.out, size), panels = Panel<T>::count(images);
  const bool worthwhile = sizes.n * plane * sizes.out * length > parallel_size;
  // Channels whose sums stay in a cache, and that leave something to do for every thread.
  const std::int64_t shares = worthwhile ? cairn_kernel_concurrency() : 1;
  const std::int64_t at_a_time = channels_for(at_most(cached_numbers / out, length / shares), sizes.in, taps);
  kernel_parallel_for((sizes.in + at_a_time - 1) / at_a_time, worthwhile, [&](std::int64_t part) {
    const std::int64_t begin = part * at_a_time, end = at_most(begin + at_a_time, sizes.in);
    const std::int64_t at_once = channels_for(block_rows, end - begin, taps), rows = (end - begin) * taps;
    Panel<T> panel(images, at_once);
    Scratch<T> matrix(at_once * taps * Panel<T>::most_row_length() + size);
    Scratch<T> gradients(Panel<T>::most_columns * out), sums(rows * out);
    for (std::int64_t index = 0; index < panels; ++index) {
      panel.move_to(index);
      panel.each_run(
          [&](std::int64_t image, std::int64_t y, std::int64_t first, std::int64_t count, std::int64_t column) {
            const T* from = g + image * sizes.y_image() + y * sizes.y_width + first;
            pack_b(Matrix<T>{from, 1, plane}, count, sizes.out, gradients.data() + column * out);
          });
      for (std::int64_t c = begin; c < end; c += at_once) {
        const std::int64_t channels = at_most(end - c, at_once);
        panel.fill(c, channels, matrix.data());
        add_product(channels * taps, out, panel.columns(), matrix.data(), panel.row_length(), gradients.data(), out,
                    sums.data() + (c - begin) * taps * out, index == 0);
      }
    }
    for (std::int64_t i = 0; panels == 0 && i < rows * out; ++i) sums[i] = 0;
    const std::int64_t row = round_up(rows, size);
    Scratch<T> turned(sizes.out * row);
    pack_b(Matrix<T>{sums.data(), 1, out}, sizes.out, rows, turned.data());
    for (std::int64_t o = 0; o < sizes.out; ++o)
      __builtin_memcpy(gw + o * length + begin * taps, turned.data() + o * row, rows * sizeof(T));
  });
}

/// [grad_x], [grad_weight], [grad_bias] -> grad_y, x, weight
template <class T>
void conv2d_backward(const KernelCall& call) {
  const View &grad_x = call.operands[0], &grad_weight = call.operands[1], &grad_bias = call.operands[2];
  const View &grad_y = call.operands[3], &x = call.operands[4], &weight = call.operands[5];
  const Sizes sizes(grad_y, x, weight, call.attributes);
  const T* g = data_of<T>(grad_y);
  for (std::int64_t group = 0; group < sizes.groups; ++group) {
    const T* from = g + group * sizes.out * sizes.y_plane();
    const std::int64_t in = group * sizes.in * sizes.x_plane(), weights = group * sizes.out * sizes.in * sizes.taps();
    if (grad_x.present()) gradient_of_input(sizes, data_of<T>(grad_x) + in, from, data_of<T>(weight) + weights);
    if (grad_weight.present()) gradient_of_weight(sizes, data_of<T>(grad_weight) + weights, from, data_of<T>(x) + in);
  }
  if (!grad_bias.present()) return;
  kernel_parallel_for(grad_bias.dims[0], numel_of(grad_y) > 32768, [&](std::int64_t channel) {
    const T* plane = g + channel * sizes.y_plane();
    sum_planes<1>(
        sizes.n, sizes.y_plane(),
        [&]<class Value>(Value* value, std::int64_t image, std::int64_t i) {
          *value = number<Value>(plane + image * sizes.y_image() + i);
        },
        data_of<T>(grad_bias) + channel);
  });
}

}  // namespace

void add_convolution_kernels(KernelTable& table) {
  for_each_type(FloatTypes{}, [&]<class T>() {
    table.set<T>(Operation::conv2d, conv2d<T>);
    table.set<T>(Operation::conv2d_backward, conv2d_backward<T>);
  });
}

}  // namespace cairn
