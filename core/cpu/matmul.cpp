// Matrix products: which way a shape takes, and the kernels that are made of them.
//
// An element of a product is one chain of multiply-adds over k, in order, however it is computed, so that layouts,
// strides, threads, blocks and the size of the other matrix change no bit of it; lanes are elements of the result. One
// row alone, or one column, is as many chains as there are lanes: which of the two, the shape decides.
//
//   tiny                  below                 a packet for each row of the result
//   small                 chains, below         a few of them side by side
//   one row or column     matmul_row.h          the matrix read as it lies, once
//   all others            matmul_packed.h       blocks, packed, and tiles of registers

#include <cairn/core/cpu/matmul.h>

#include <cairn/core/cpu/kernel.h>
#include <cairn/core/cpu/matmul_packed.h>
#include <cairn/core/cpu/matmul_row.h>
#include <cairn/core/cpu/sum.h>

namespace cairn {
namespace {

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
    if constexpr (!std::is_same_v<T, std::int64_t>) {  // whole numbers have no latency to hide
      if (n - j >= 4) run.template operator()<4>();
      if (n - j >= 2) run.template operator()<2>();
    }
    while (n - j >= 1) run.template operator()<1>();
  }
}

/// Columns that fit one packet: a lane for each, the rows of b in registers or close by.
constexpr std::int64_t most_rows = 8;

template <class T>
bool is_tiny(std::int64_t n, std::int64_t k) {
  return has_masks<T> && n <= Packet<T>::size && k <= most_rows;
}

template <class T>
void tiny_matmul(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<T> a, Matrix<T> b, const T* start, T* c) {
  Packet<T> rows[most_rows];
  for (std::int64_t p = 0; p < k; ++p) rows[p] = load(b.data + p * b.row, b.column, n);
  const Packet<T> first = start ? load(start, 1, n) : Packet<T>(0);
  for (std::int64_t i = 0; i < m; ++i, c += n) {
    Packet<T> sum = first;
    for (std::int64_t p = 0; p < k; ++p) sum = multiply_add(Packet<T>(a.data[i * a.row + p * a.column]), rows[p], sum);
    store(c, 1, n, sum);
  }
}

}  // namespace

template <class T>
void matmul(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<T> a, Matrix<T> b, const T* start, T* c) {
  if constexpr (std::is_same_v<T, std::int64_t>) {
    small_matmul(m, n, k, a, b, start, c);  // there are no packets of 64-bit integers
  } else {
    if (is_row<T>(m, n, k))
      m == 1 ? row_times_matrix(n, k, a.data, a.column, b, start, 1, c)
             : row_times_matrix(m, k, b.data, b.row, Matrix<T>{a.data, a.column, a.row}, start, 0, c);
    else if (is_tiny<T>(n, k))
      tiny_matmul(m, n, k, a, b, start, c);
    else if (m * n * k <= 256)
      small_matmul(m, n, k, a, b, start, c);
    else
      packed_matmul(m, n, k, a, b, start, c);
  }
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
  kernel_parallel_for(batches, batches * m * n * k > parallel_size, [&](std::int64_t i) {
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
