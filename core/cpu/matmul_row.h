// One row times a matrix, and a matrix times one column, which is the same.
//
// Every number of the matrix is used once, so what counts is to read it as it lies; and a weight [out, in] lies along
// k. So an element is the sum of as many chains as a packet has lanes, here of four:
//
//   lane 0   x0 b0 + x4 b4 + x8 b8 ...  ┐
//   lane 1   x1 b1 + x5 b5 + x9 b9 ...  │  (lane 0 + lane 2) + (lane 1 + lane 3), added to `start`
//   lane 2   x2 b2 + x6 b6 + ...        │
//   lane 3   x3 b3 + x7 b7 + ...        ┘  numbers that are not there: 0 times 0
//
// A matrix whose rows are contiguous gets the same chains, each in a packet of its own with a lane for each column: an
// element depends on the shape and the instruction set, not on the layout.
#pragma once

#include <cairn/core/cpu/matmul.h>
#include <cairn/core/cpu/turned.h>

namespace cairn {

/// Whether a product is computed this way: of one row or column, with enough k for the lanes.
template <class T>
bool is_row(std::int64_t m, std::int64_t n, std::int64_t k) {
  return (m == 1 || n == 1) && k >= 2 * Packet<T>::size;
}

/// The lanes of a packet of columns: sums.at[l] is the chain l of each of them.
template <class T>
struct LaneSums {
  Packet<T> at[Packet<T>::size];
};

/// For b with contiguous rows, of which `columns` numbers are there.
template <class T>
[[gnu::noinline]] void lanes_down(std::int64_t k, const T* x, std::int64_t x_step, Matrix<T> b, std::int64_t columns,
                                  LaneSums<T>& sums) {
  constexpr int size = Packet<T>::size;
  const Packet<T> zero(0);
  for (Packet<T>& sum : sums.at) sum = zero;
  for (std::int64_t p = 0; p < k; p += size) {
#pragma GCC unroll 1
    for (int l = 0; l < size; ++l, x += x_step, b.data += b.row) {
      const bool there = p + l < k;
      const Packet<T> row = !there ? zero : columns >= size ? load(b.data) : load_apart(b.data, 1, columns);
      sums.at[l] = multiply_add(there ? Packet<T>(*x) : zero, row, sums.at[l]);
    }
  }
}

/// For b with any strides, columns contiguous at best.
template <class T>
[[gnu::noinline]] void lanes_along(std::int64_t k, const T* x, std::int64_t x_step, Matrix<T> b, std::int64_t columns,
                                   LaneSums<T>& sums) {
  constexpr int size = Packet<T>::size, at_once = size < 8 ? size : 8;
  alignas(64) T square[size * size];
  for (int first = 0; first < size; first += at_once) {
    const T* line[at_once];  // those that are not there repeat the last one
    for (int r = 0; r < at_once; ++r) line[r] = b.data + (first + r < columns ? first + r : columns - 1) * b.column;
    Packet<T> lanes[at_once];
    for (Packet<T>& lane : lanes) lane = Packet<T>(0);
    std::int64_t p = 0;
    if (b.row == 1 && x_step == 1) {
      for (; p + size <= k; p += size) {
        const Packet<T> factor = load(x + p);
#pragma GCC unroll 8
        for (int r = 0; r < at_once; ++r) lanes[r] = multiply_add(factor, load(line[r] + p), lanes[r]);
      }
    }
    for (; p < k; p += size) {
      const Packet<T> factor = load_apart(x + p * x_step, x_step, k - p);
      for (int r = 0; r < at_once; ++r)
        lanes[r] = multiply_add(factor, load_apart(line[r] + p * b.row, b.row, k - p), lanes[r]);
    }
    for (int r = 0; r < at_once; ++r) store(square + (first + r) * size, lanes[r]);
  }
  for (int l = 0; l < size; l += turned_count<T>) {
    const Turned<T> turned = load_turned<T>([&](int i) { return square + i * size + l; });
    for (int i = 0; i < turned_count<T>; ++i) sums.at[l + i] = turned.at[i];
  }
}

/// y [n] = start + x [k] b [k, n]. `start` is null or has an element for each of y, `start_step` apart.
template <class T>
void row_times_matrix(std::int64_t n, std::int64_t k, const T* x, std::int64_t x_step, Matrix<T> b, const T* start,
                      std::int64_t start_step, T* y) {
  constexpr int size = Packet<T>::size;
  for (std::int64_t j = 0; j < n; j += size, b.data += size * b.column) {
    LaneSums<T> sums;
    (b.column == 1 ? lanes_down<T> : lanes_along<T>)(k, x, x_step, b, n - j, sums);
    for (int half = size / 2; half > 0; half /= 2) {
      for (int l = 0; l < half; ++l) sums.at[l] = sums.at[l] + sums.at[l + half];
    }
    if (start) sums.at[0] = load(start + j * start_step, start_step, n - j) + sums.at[0];
    store(y + j, 1, n - j, sums.at[0]);
  }
}

}  // namespace cairn
