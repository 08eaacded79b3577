// One row times a matrix whose columns are contiguous, as a layer's weights [out, in] are for y = x Wᵀ; and a matrix of
// contiguous rows times one column, which is the same.
//
// Every number of the matrix is used once, so it is not packed. Lanes are elements of the result, and the matrix is
// turned in registers (turned.h): each element is the chain over k that it is in any other product, and what is one row
// here has the same bits as a row among many.
#pragma once

#include <cairn/core/cpu/matmul.h>
#include <cairn/core/cpu/turned.h>

namespace cairn {

/// Some packets of y; unless `whole`, one of `columns` lanes.
template <int packets, bool whole, class T>
[[gnu::noinline]] void turned_lanes(std::int64_t columns, std::int64_t k, const T* x, std::int64_t x_step, const T* b,
                                    std::int64_t b_column, const T* start, std::int64_t start_step, T* y) {
  constexpr int size = Packet<T>::size, count = turned_count<T>;
  const std::int64_t lanes = whole ? size : columns;
  const FewLines<T> few(b_column, lanes);
  Packet<T> sums[packets];
  for (int q = 0; q < packets; ++q)
    sums[q] = start ? load_apart(start + q * size * start_step, start_step, lanes) : Packet<T>(0);
  std::int64_t p = 0;
  for (; p + count <= k; p += count, b += count, x += count * x_step) {
#pragma GCC unroll 2
    for (int q = 0; q < packets; ++q) {
      const T* from = b + q * size * b_column;
      const Turned<T> turned = load_turned<T>([&](int i) { return from + (whole ? i * b_column : few.offset[i]); });
#pragma GCC unroll 4
      for (int i = 0; i < count; ++i) sums[q] = multiply_add(Packet<T>(x[i * x_step]), turned.at[i], sums[q]);
    }
  }
  for (; p < k; ++p, ++b, x += x_step) {
    for (int q = 0; q < packets; ++q)
      sums[q] = multiply_add(Packet<T>(*x), load_apart(b + q * size * b_column, b_column, lanes), sums[q]);
  }
  for (int q = 0; q < packets; ++q) store(y + q * size, 1, lanes, sums[q]);
}

/// y [n] = start + x [k] b [k, n], for b.row = 1. `start` is null or has an element for each of y, `start_step` apart.
template <class T>
void row_times_matrix(std::int64_t n, std::int64_t k, const T* x, std::int64_t x_step, Matrix<T> b, const T* start,
                      std::int64_t start_step, T* y) {
  constexpr int size = Packet<T>::size;
  std::int64_t j = 0;
  const auto run = [&]<int packets, bool whole>(std::int64_t columns) {
    turned_lanes<packets, whole>(columns, k, x, x_step, b.data + j * b.column, b.column,
                                 start ? start + j * start_step : nullptr, start_step, y + j);
    j += columns;
  };
  while (n - j >= 2 * size) run.template operator()<2, true>(2 * size);
  while (n - j > 0) run.template operator()<1, false>(n - j < size ? n - j : size);
}

}  // namespace cairn
