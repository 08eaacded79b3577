// Matrix multiplication on packets (after Goto and van de Geijn, "Anatomy of high-performance matrix multiplication",
// 2008).
//
//   for each panel of 512 columns of B                         pack it: 256 rows at a time, tiles of `tile_columns`
//     for each 256 of k
//       for each 96 or so rows of A (these in parallel)        pack them: tiles of `tile_rows`
//         for each tile of C: registers ← C; += a b, k times; C ← registers
//
// An element of C is one chain of multiply-adds over k, in order: a tile continues the chain where the last 256 left
// it, and small products run the same chain without packing. So blocking, strides, threads and size of the other matrix
// change no bit of it. The blocks are constants, not the caches of the machine, for the same reason.

#include <cairn/core/cpu/matmul.h>

#include <cairn/core/cpu/kernel.h>
#include <cairn/core/cpu/packet.h>
#include <cairn/core/cpu/sum.h>

namespace cairn {
namespace {

constexpr std::int64_t block_k = 256, block_columns = 512;

#if defined(__AVX512F__)
constexpr int tile_rows = 12;  // 24 registers of sums, 2 of B, 1 of A, of 32
#elif defined(__AVX2__)
constexpr int tile_rows = 6;  // 12 of sums, 2 of B, 1 of A, of 16
#else
constexpr int tile_rows = 4;
#endif
constexpr int block_rows = 96;
static_assert(block_rows % tile_rows == 0);

template <class T>
constexpr int tile_columns = Packet<T>::size == 1 ? 4 : 2 * Packet<T>::size;
template <class T>
constexpr int packets = tile_columns<T> / Packet<T>::size;

/// Columns [0, n) of k rows of B, tile by tile, each tile row after row; what is missing in the last tile is 0.
template <class T>
void pack_b(Matrix<T> b, std::int64_t k, std::int64_t n, T* packed) {
  constexpr int width = tile_columns<T>;
  for (std::int64_t j = 0; j < n; j += width, packed += width * k) {
    const int count = static_cast<int>(n - j < width ? n - j : width);
    const T* from = b.data + j * b.column;
    if (b.column == 1 && count == width) {
      for (std::int64_t p = 0; p < k; ++p)
        for (int c = 0; c < width; ++c) packed[p * width + c] = from[p * b.row + c];
    } else {
      for (int c = 0; c < width; ++c) {
        if (c < count)
          for (std::int64_t p = 0; p < k; ++p) packed[p * width + c] = from[p * b.row + c * b.column];
        else
          for (std::int64_t p = 0; p < k; ++p) packed[p * width + c] = T(0);
      }
    }
  }
}

/// Rows [0, m) of k columns of A, tile by tile, each tile column after column.
template <class T>
void pack_a(Matrix<T> a, std::int64_t m, std::int64_t k, T* packed) {
  for (std::int64_t i = 0; i < m; i += tile_rows, packed += tile_rows * k) {
    const int count = static_cast<int>(m - i < tile_rows ? m - i : tile_rows);
    for (int r = 0; r < tile_rows; ++r) {
      const T* from = a.data + (i + r) * a.row;
      if (r < count)
        for (std::int64_t p = 0; p < k; ++p) packed[p * tile_rows + r] = from[p * a.column];
      else
        for (std::int64_t p = 0; p < k; ++p) packed[p * tile_rows + r] = T(0);
    }
  }
}

/// One tile: c [tile_rows, tile_columns] with rows `ldc` apart continues its chains over k packed columns and rows.
template <class T>
void tile(std::int64_t k, const T* a, const T* b, T* c, std::int64_t ldc) {
  Packet<T> sums[tile_rows][packets<T>];
  for (int r = 0; r < tile_rows; ++r) {
    for (int p = 0; p < packets<T>; ++p) sums[r][p] = load(c + r * ldc + p * Packet<T>::size, 1, Packet<T>::size);
  }
  for (std::int64_t i = 0; i < k; ++i, a += tile_rows, b += tile_columns<T>) {
    Packet<T> row[packets<T>];
    for (int p = 0; p < packets<T>; ++p) row[p] = load(b + p * Packet<T>::size, 1, Packet<T>::size);
#pragma GCC unroll 12
    for (int r = 0; r < tile_rows; ++r) {
      const Packet<T> factor(a[r]);
      for (int p = 0; p < packets<T>; ++p) sums[r][p] = multiply_add(factor, row[p], sums[r][p]);
    }
  }
  for (int r = 0; r < tile_rows; ++r) {
    for (int p = 0; p < packets<T>; ++p) store(c + r * ldc + p * Packet<T>::size, 1, Packet<T>::size, sums[r][p]);
  }
}

/// A tile at the edge of C: through a whole one beside it.
template <class T>
void edge_tile(std::int64_t k, const T* a, const T* b, T* c, std::int64_t ldc, int rows, int columns) {
  alignas(64) T whole[tile_rows * tile_columns<T>] = {};
  for (int r = 0; r < rows; ++r)
    for (int j = 0; j < columns; ++j) whole[r * tile_columns<T> + j] = c[r * ldc + j];
  tile(k, a, b, whole, tile_columns<T>);
  for (int r = 0; r < rows; ++r)
    for (int j = 0; j < columns; ++j) c[r * ldc + j] = whole[r * tile_columns<T> + j];
}

template <class T>
void packed_matmul(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<T> a, Matrix<T> b, T* c) {
  const std::int64_t panel = n < block_columns ? n : block_columns, depth = k < block_k ? k : block_k;
  const std::int64_t rows_at_once = m < block_rows ? m : block_rows;
  Scratch<T> packed_b((panel + tile_columns<T> - 1) / tile_columns<T> * tile_columns<T> * depth);
  for (std::int64_t j0 = 0; j0 < n; j0 += block_columns) {
    const std::int64_t columns = n - j0 < block_columns ? n - j0 : block_columns;
    for (std::int64_t k0 = 0; k0 < k; k0 += block_k) {
      const std::int64_t deep = k - k0 < block_k ? k - k0 : block_k;
      pack_b(Matrix<T>{b.data + k0 * b.row + j0 * b.column, b.row, b.column}, deep, columns, packed_b.data());
      kernel_parallel_for((m + block_rows - 1) / block_rows, m * columns * deep > 262144, [&](std::int64_t block) {
        const std::int64_t i0 = block * block_rows, rows = m - i0 < block_rows ? m - i0 : block_rows;
        Scratch<T> packed_a((rows_at_once + tile_rows - 1) / tile_rows * tile_rows * depth);
        pack_a(Matrix<T>{a.data + i0 * a.row + k0 * a.column, a.row, a.column}, rows, deep, packed_a.data());
        for (std::int64_t j = 0; j < columns; j += tile_columns<T>) {
          for (std::int64_t i = 0; i < rows; i += tile_rows) {
            const int high = static_cast<int>(rows - i < tile_rows ? rows - i : tile_rows);
            const int wide = static_cast<int>(columns - j < tile_columns<T> ? columns - j : tile_columns<T>);
            const T *at = packed_a.data() + i * deep, *bt = packed_b.data() + j * deep;
            T* ct = c + (i0 + i) * n + j0 + j;
            if (high == tile_rows && wide == tile_columns<T>)
              tile(deep, at, bt, ct, n);
            else
              edge_tile(deep, at, bt, ct, n, high, wide);
          }
        }
      });
    }
  }
}

/// `width` chains side by side, so that the latency of one multiply-add hides behind the others.
template <int width, class T>
void chains(std::int64_t k, const T* row, std::int64_t row_step, const T* column, std::int64_t down,
            std::int64_t across, const T* start, T* c) {
  T sums[width];
  for (int q = 0; q < width; ++q) sums[q] = start ? start[q] : T(0);
  for (std::int64_t p = 0; p < k; ++p, row += row_step, column += down) {
    for (int q = 0; q < width; ++q) sums[q] = multiply_add(*row, column[q * across], sums[q]);
  }
  for (int q = 0; q < width; ++q) c[q] = sums[q];
}

/// The same chains without packing.
template <class T>
void small_matmul(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<T> a, Matrix<T> b, const T* start, T* c) {
  for (std::int64_t i = 0; i < m; ++i, c += n) {
    const T* row = a.data + i * a.row;
    std::int64_t j = 0;
    const auto run = [&]<int width>() {
      chains<width>(k, row, a.column, b.data + j * b.column, b.row, b.column, start ? start + j : nullptr, c + j);
      j += width;
    };
    while (n - j >= 8) run.template operator()<8>();
    if (n - j >= 4) run.template operator()<4>();
    if (n - j >= 2) run.template operator()<2>();
    if (n - j >= 1) run.template operator()<1>();
  }
}

}  // namespace

template <class T>
void matmul(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<T> a, Matrix<T> b, const T* start, T* c) {
  if (m * n * k <= 4096 || m < 4) return small_matmul(m, n, k, a, b, start, c);
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < n; ++j) c[i * n + j] = start ? start[j] : T(0);
  packed_matmul(m, n, k, a, b, c);
}

namespace {

template <class T>
Matrix<T> matrix_of(const View& view) {
  return {data_of<T>(view), view.strides[view.rank - 2], view.strides[view.rank - 1]};
}

/// y [..., m, n] -> a [..., m, k], b [..., k, n]
template <class T>
void batched_matmul(const KernelCall& call) {
  const View &y = call.operands[0], &a = call.operands[1], &b = call.operands[2];
  const std::int64_t m = y.dims[y.rank - 2], n = y.dims[y.rank - 1], k = a.dims[a.rank - 1];
  std::int64_t batches = 1;
  for (int d = 0; d + 2 < y.rank; ++d) batches *= y.dims[d];
  const auto batch_offset = [&](const View& view, std::int64_t i) {
    std::int64_t offset = 0;
    for (int d = y.rank - 3; d >= 0; --d) {
      const int own = d - y.rank + view.rank;
      if (own >= 0 && view.dims[own] != 1) offset += i % y.dims[d] * view.strides[own];
      i /= y.dims[d];
    }
    return offset;
  };
  kernel_parallel_for(batches, batches * m * n * k > 65536, [&](std::int64_t i) {
    Matrix<T> left = matrix_of<T>(a), right = matrix_of<T>(b);
    left.data += batch_offset(a, i);
    right.data += batch_offset(b, i);
    matmul<T>(m, n, k, left, right, nullptr, data_of<T>(y) + i * m * n);
  });
}

/// y [rows, out] -> x [rows, in], weight [out, in], [bias [out]]
template <class T>
void linear(const KernelCall& call) {
  const View &y = call.operands[0], &x = call.operands[1], &weight = call.operands[2], &bias = call.operands[3];
  const std::int64_t rows = y.dims[0], out = y.dims[1], in = x.dims[1];
  const Matrix<T> transposed{data_of<T>(weight), weight.strides[1], weight.strides[0]};
  if (!bias.present() || bias.strides[0] == 1 || out == 1)
    return matmul<T>(rows, out, in, matrix_of<T>(x), transposed, bias.present() ? data_of<T>(bias) : nullptr,
                     data_of<T>(y));
  Scratch<T> row(out);
  for (std::int64_t j = 0; j < out; ++j) row[j] = data_of<T>(bias)[j * bias.strides[0]];
  matmul<T>(rows, out, in, matrix_of<T>(x), transposed, row.data(), data_of<T>(y));
}

/// [grad_x], [grad_weight], [grad_bias] -> grad_y, x, weight
template <class T>
void linear_backward(const KernelCall& call) {
  const View &grad_x = call.operands[0], &grad_weight = call.operands[1], &grad_bias = call.operands[2];
  const View &g = call.operands[3], &x = call.operands[4], &weight = call.operands[5];
  const std::int64_t rows = g.dims[0], out = g.dims[1], in = x.dims[1];
  if (grad_x.present()) matmul<T>(rows, in, out, matrix_of<T>(g), matrix_of<T>(weight), nullptr, data_of<T>(grad_x));
  if (grad_weight.present()) {
    const Matrix<T> transposed{data_of<T>(g), g.strides[1], g.strides[0]};
    matmul<T>(out, in, rows, transposed, matrix_of<T>(x), nullptr, data_of<T>(grad_weight));
  }
  if (grad_bias.present()) {
    T* to = data_of<T>(grad_bias);
    const T* from = data_of<T>(g);
    for (std::int64_t j0 = 0; j0 < out; j0 += sum_columns_at_once) {
      const int columns = static_cast<int>(out - j0 < sum_columns_at_once ? out - j0 : sum_columns_at_once);
      sum_columns<T>(
          rows, columns, [&](std::int64_t r, int j) { return from[r * g.strides[0] + (j0 + j) * g.strides[1]]; },
          [&](int j, T sum) { to[j0 + j] = sum; });
    }
  }
}

}  // namespace

void add_matmul_kernels(KernelTable& table) {
  for_each_type(ArithmeticTypes{}, [&]<class T>() { table.set<T>(Operation::matmul, batched_matmul<T>); });
  for_each_type(FloatTypes{}, [&]<class T>() {
    table.set<T>(Operation::linear, linear<T>);
    table.set<T>(Operation::linear_backward, linear_backward<T>);
  });
}

}  // namespace cairn
