// C ← start + A B, for matrices with any strides.
#pragma once

#include <cstdint>

namespace cairn {

/// A matrix where element (i, j) lies at data[i * row + j * column].
template <class T>
struct Matrix {
  const T* data;
  std::int64_t row, column;
};

/// C [m, n] is row-major; `start`, one number for each column, may be null: then sums start at 0.
/// An element is a chain of multiply-adds over k, in order: start + a(i,0) b(0,j) + a(i,1) b(1,j) + ... With one row or
/// column and k for it, it is start plus as many chains as a packet has lanes (matmul_row.h). Shape and instruction set
/// decide, nothing else.
template <class T>
[[gnu::noinline]] void matmul(std::int64_t m, std::int64_t n, std::int64_t k, Matrix<T> a, Matrix<T> b, const T* start,
                              T* c);

}  // namespace cairn
