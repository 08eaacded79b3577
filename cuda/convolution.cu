// Convolutions of images as products of matrices of which the larger one never lies in memory (implicit GEMM): a block
// of threads looks its numbers up where they are in the images.
//
//   y [out, n places]            weight [out, channels taps]  ×  what each tap sees at each place
//   grad_x [channels, n places]  weight turned [channels, out taps]  ×  what each tap saw of it
//   grad_weight [out, channels taps]   grad_y [out, n places]  ×  what each tap sees, transposed
//
// Each block computes a square of 64 by 64 numbers: 16 columns of the one matrix and 16 rows of the other at a time go
// through shared memory, and each thread holds 4 by 4 sums. A sum is one chain over k, in order. A gradient of a weight
// has a long k and few results: k is divided into parts, by the shape alone, whose sums are added in order.
#include <cairn/core/convolution_sizes.h>
#include <cairn/cuda/elementwise.h>
#include <cairn/cuda/sum.h>

namespace cairn::cuda {
namespace {

constexpr int square = 64, depth = 16, per_thread = 4;
constexpr std::int64_t part = 4096;  // of k

/// Where the numbers lie that a product takes.
struct Sizes : ConvolutionSizes {
  using ConvolutionSizes::ConvolutionSizes;

  /// Where number p of channel c of group g lies, p counting through the images.
  CAIRN_HOST_DEVICE std::int64_t in_x(std::int64_t g, std::int64_t c, std::int64_t p) const {
    return (p / x_plane() * groups * in + g * in + c) * x_plane() + p % x_plane();
  }
  CAIRN_HOST_DEVICE std::int64_t in_y(std::int64_t g, std::int64_t o, std::int64_t p) const {
    return (p / y_plane() * groups * out + g * out + o) * y_plane() + p % y_plane();
  }
  /// What tap k % taps() sees of channel k / taps() at place p of y: where it lies, or -1.
  CAIRN_HOST_DEVICE std::int64_t seen(std::int64_t g, std::int64_t k, std::int64_t p) const {
    const std::int64_t tap = k % taps(), place = p % y_plane();
    const std::int64_t i =
        place / y_width * attributes.stride[0] + tap / kernel_width * attributes.dilation[0] - attributes.padding[0];
    const std::int64_t j =
        place % y_width * attributes.stride[1] + tap % kernel_width * attributes.dilation[1] - attributes.padding[1];
    if (i < 0 || i >= height || j < 0 || j >= width) return -1;
    return ((p / y_plane() * groups + g) * in + k / taps()) * x_plane() + i * width + j;
  }
  /// The place of y, in channel k / taps(), where tap k % taps() saw number p of x: where it lies, or -1.
  CAIRN_HOST_DEVICE std::int64_t saw(std::int64_t g, std::int64_t k, std::int64_t p) const {
    const std::int64_t tap = k % taps(), place = p % x_plane();
    const std::int64_t i = place / width + attributes.padding[0] - tap / kernel_width * attributes.dilation[0];
    const std::int64_t j = place % width + attributes.padding[1] - tap % kernel_width * attributes.dilation[1];
    if (i < 0 || j < 0 || i % attributes.stride[0] != 0 || j % attributes.stride[1] != 0) return -1;
    const std::int64_t y = i / attributes.stride[0], x = j / attributes.stride[1];
    if (y >= y_height || x >= y_width) return -1;
    return ((p / x_plane() * groups + g) * out + k / taps()) * y_plane() + y * y_width + x;
  }
};

template <class T>
__device__ Computed<T> number_at(const T* data, std::int64_t at) {
  return at < 0 ? Computed<T>(0) : static_cast<Computed<T>>(data[at]);
}

// The three products: their extents, a number of either matrix, and where a sum goes.

template <class T>
struct Forward {
  using C = Computed<T>;
  Sizes sizes;
  T* y;
  const T *x, *weight, *bias;
  std::int64_t bias_step;

  CAIRN_HOST_DEVICE std::int64_t m() const { return sizes.out; }
  CAIRN_HOST_DEVICE std::int64_t n() const { return sizes.n * sizes.y_plane(); }
  CAIRN_HOST_DEVICE std::int64_t k() const { return sizes.in * sizes.taps(); }
  __device__ C a(std::int64_t g, std::int64_t i, std::int64_t p) const {
    return number_at(weight, (g * m() + i) * k() + p);
  }
  __device__ C b(std::int64_t g, std::int64_t p, std::int64_t j) const { return number_at(x, sizes.seen(g, p, j)); }
  __device__ void finish(std::int64_t g, std::int64_t i, std::int64_t j, std::int64_t, C sum) const {
    const C added = bias ? sum + static_cast<C>(bias[(g * m() + i) * bias_step]) : sum;
    y[sizes.in_y(g, i, j)] = T(added);
  }
};

template <class T>
struct GradientOfInput {
  using C = Computed<T>;
  Sizes sizes;
  T* gx;
  const T *g, *weight;

  CAIRN_HOST_DEVICE std::int64_t m() const { return sizes.in; }
  CAIRN_HOST_DEVICE std::int64_t n() const { return sizes.n * sizes.x_plane(); }
  CAIRN_HOST_DEVICE std::int64_t k() const { return sizes.out * sizes.taps(); }
  __device__ C a(std::int64_t group, std::int64_t i, std::int64_t p) const {
    const std::int64_t o = group * sizes.out + p / sizes.taps();
    return number_at(weight, (o * sizes.in + i) * sizes.taps() + p % sizes.taps());
  }
  __device__ C b(std::int64_t group, std::int64_t p, std::int64_t j) const {
    return number_at(g, sizes.saw(group, p, j));
  }
  __device__ void finish(std::int64_t group, std::int64_t i, std::int64_t j, std::int64_t, C sum) const {
    gx[sizes.in_x(group, i, j)] = T(sum);
  }
};

/// Into sums [parts, weight's shape].
template <class T>
struct GradientOfWeight {
  using C = Computed<T>;
  Sizes sizes;
  C* sums;
  const T *g, *x;

  CAIRN_HOST_DEVICE std::int64_t m() const { return sizes.out; }
  CAIRN_HOST_DEVICE std::int64_t n() const { return sizes.in * sizes.taps(); }
  CAIRN_HOST_DEVICE std::int64_t k() const { return sizes.n * sizes.y_plane(); }
  __device__ C a(std::int64_t group, std::int64_t i, std::int64_t p) const {
    return number_at(g, sizes.in_y(group, i, p));
  }
  __device__ C b(std::int64_t group, std::int64_t p, std::int64_t j) const {
    return number_at(x, sizes.seen(group, j, p));
  }
  __device__ void finish(std::int64_t group, std::int64_t i, std::int64_t j, std::int64_t which, C sum) const {
    sums[((which * sizes.groups + group) * m() + i) * n() + j] = sum;
  }
};

/// Which square of which product a block computes: blocks count through columns, rows, parts of k and groups.
struct Squares {
  std::int64_t across, down, parts, groups, part_of_k;
  std::int64_t count() const { return across * down * parts * groups; }
};

template <class Product>
__global__ void __launch_bounds__(block_size) multiply_squares(Squares squares, Product product) {
  using C = typename Product::C;
  __shared__ C a[depth][square + 1], b[depth][square + 1];
  const int thread = static_cast<int>(threadIdx.x), row = thread / depth, column = thread % depth;
  std::int64_t rest = blockIdx.x;
  const std::int64_t j0 = rest % squares.across * square;
  rest /= squares.across;
  const std::int64_t i0 = rest % squares.down * square;
  rest /= squares.down;
  const std::int64_t which = rest % squares.parts, group = rest / squares.parts;
  const std::int64_t m = product.m(), n = product.n(), begin = which * squares.part_of_k;
  const std::int64_t end = product.k() - begin < squares.part_of_k ? product.k() : begin + squares.part_of_k;
  C sums[per_thread][per_thread] = {};
  for (std::int64_t k0 = begin; k0 < end; k0 += depth) {
    for (int u = 0; u < per_thread; ++u) {
      const int place = thread + u * block_size;
      const std::int64_t i = i0 + place / depth, p = k0 + place % depth;
      a[place % depth][place / depth] = i < m && p < end ? product.a(group, i, p) : C(0);
      const std::int64_t j = j0 + place % square, q = k0 + place / square;
      b[place / square][place % square] = j < n && q < end ? product.b(group, q, j) : C(0);
    }
    __syncthreads();
    const int deep = static_cast<int>(end - k0 < depth ? end - k0 : depth);
    for (int p = 0; p < deep; ++p) {
      for (int r = 0; r < per_thread; ++r) {
        for (int c = 0; c < per_thread; ++c) sums[r][c] = sums[r][c] + a[p][row + r * depth] * b[p][column + c * depth];
      }
    }
    __syncthreads();
  }
  for (int r = 0; r < per_thread; ++r) {
    for (int c = 0; c < per_thread; ++c) {
      const std::int64_t i = i0 + row + r * depth, j = j0 + column + c * depth;
      if (i < m && j < n) product.finish(group, i, j, which, sums[r][c]);
    }
  }
}

template <class Product>
void run_product(Context& context, const Product& product, std::int64_t parts, std::int64_t part_of_k) {
  const Squares squares{blocks_for(product.n(), square), blocks_for(product.m(), square), parts, product.sizes.groups,
                        part_of_k};
  launch(context, multiply_squares<Product>, squares.count(), squares, product);
}

/// y -> x, weight, [bias]
template <class T>
void conv2d(Context& context, const KernelCall& call) {
  const View &y = call.operands[0], &x = call.operands[1], &weight = call.operands[2], &bias = call.operands[3];
  const Forward<T> product{
      Sizes(y, x, weight, call.attributes), data_of<T>(y), data_of<T>(x), data_of<T>(weight), data_or_null<T>(bias),
      bias.present() ? bias.strides[0] : 0};
  run_product(context, product, 1, product.k());
}

/// gw -> the parts' sums
template <class T>
struct AddParts {
  T* gw;
  const Computed<T>* sums;
  std::int64_t parts, count;
  using Loaded = Computed<T>;
  __device__ Loaded load(const Offsets<1>& at) const {
    Loaded sum(0);
    for (std::int64_t which = 0; which < parts; ++which) sum = sum + sums[which * count + at[0]];
    return sum;
  }
  __device__ void store(const Offsets<1>& at, Loaded sum) const { gw[at[0]] = T(sum); }
};

/// The numbers of a channel of g, image after image.
template <class T>
struct ChannelTerms {
  static constexpr int operands = 1;
  const T* g;
  std::int64_t plane;
  Places<1> places;
  __device__ const T* start(std::int64_t channel) const { return g + channel * plane; }
  __device__ Computed<T> value(const T* from, const Offsets<1>& at) const {
    return static_cast<Computed<T>>(from[at[0]]);
  }
};

template <class T>
struct StoreSum {
  T* to;
  __device__ void operator()(std::int64_t channel, Computed<T> sum) const { to[channel] = T(sum); }
};

/// [grad_x], [grad_weight], [grad_bias] -> grad_y, x, weight
template <class T>
void conv2d_backward(Context& context, const KernelCall& call) {
  const View &grad_x = call.operands[0], &grad_weight = call.operands[1], &grad_bias = call.operands[2];
  const View &g = call.operands[3], &x = call.operands[4], &weight = call.operands[5];
  const Sizes sizes(g, x, weight, call.attributes);
  if (grad_x.present()) {
    const GradientOfInput<T> product{sizes, data_of<T>(grad_x), data_of<T>(g), data_of<T>(weight)};
    run_product(context, product, 1, product.k());
  }
  if (grad_weight.present()) {
    const std::int64_t count = numel_of(weight), k = sizes.n * sizes.y_plane(),
                       parts = k > part ? blocks_for(k, part) : 1;
    const Scratch<Computed<T>> sums(context, parts * count);
    run_product(context, GradientOfWeight<T>{sizes, sums.data(), data_of<T>(g), data_of<T>(x)}, parts, part);
    const std::int64_t step = 1;
    const View numbers{nullptr, &count, &step, 1, DType::int64};
    run_elementwise<1>(context, {&numbers}, AddParts<T>{data_of<T>(grad_weight), sums.data(), parts, count});
  }
  if (grad_bias.present()) {
    const std::int64_t plane = sizes.y_plane(), channels = g.dims[1];
    const std::int64_t dims[] = {sizes.n, plane}, strides[] = {channels * plane, 1};
    const View channel{g.data, dims, strides, 2, g.dtype};
    run_sums<Computed<T>>(context, channels, sizes.n * plane, false,
                          ChannelTerms<T>{data_of<T>(g), plane, places_of(channel, 0, 2)},
                          StoreSum<T>{data_of<T>(grad_bias)});
  }
}

struct Enter {
  KernelTable& table;
  template <class T>
  void operator()() const {
    table.set<T>(Operation::conv2d, conv2d<T>);
    table.set<T>(Operation::conv2d_backward, conv2d_backward<T>);
  }
};

}  // namespace

void add_convolution_kernels(KernelTable& table) { for_each_type(FloatTypes{}, Enter{table}); }

}  // namespace cairn::cuda
