// Cuts tensors into pieces a kernel can walk with 32-bit arithmetic.
//
// A thread must turn its number into a place in every operand: a division for each dimension. Divisions of 64 bits are
// slow on a GPU, those of 32 bits can be multiplications (Divider), so a piece has less than 2^31 elements, reaches
// less than 2^31 elements from its start in every operand, and has at most 8 dimensions. Nearly every tensor is one
// piece; a larger one is halved along its outermost dimension until its parts fit.
#pragma once

#include <cstdint>

#include <cairn/core/host_device.h>
#include <cairn/core/joined_dims.h>

namespace cairn::cuda {

/// Divides numbers below 2^31 by a constant with one multiplication (Granlund and Montgomery, "Division by invariant
/// integers using multiplication", 1994, section 4).
struct Divider {
  std::uint32_t divisor, factor, shift;

  Divider() = default;
  explicit Divider(std::uint32_t by) : divisor(by), factor(0), shift(0) {
    while ((std::uint64_t{1} << shift) < by) ++shift;
    factor = static_cast<std::uint32_t>((((std::uint64_t{1} << shift) - by) << 32) / by + 1);
  }
  CAIRN_HOST_DEVICE std::uint32_t divide(std::uint32_t n) const {
#if defined(__CUDA_ARCH__)
    const std::uint32_t high = __umulhi(n, factor);
#else
    const std::uint32_t high = static_cast<std::uint32_t>(static_cast<std::uint64_t>(n) * factor >> 32);
#endif
    return (high + n) >> shift;
  }
};

/// Where an element lies in each operand, in elements.
template <int operands>
struct Offsets {
  std::int64_t at[operands];
  CAIRN_HOST_DEVICE std::int64_t operator[](int operand) const { return at[operand]; }
};

template <int operands>
struct Piece {
  static constexpr int max_rank = 8;

  std::uint32_t count;  // of elements
  int rank;
  Divider dims[max_rank];  // innermost first
  std::uint32_t strides[max_rank][operands];
  std::int64_t start[operands];

  /// A row: no division is needed.
  bool is_row() const { return rank == 1; }

  template <bool row>
  CAIRN_HOST_DEVICE Offsets<operands> place(std::uint32_t i) const {
    Offsets<operands> offsets;
    if constexpr (row) {
      for (int k = 0; k < operands; ++k) offsets.at[k] = start[k] + static_cast<std::int64_t>(i) * strides[0][k];
    } else {
      std::uint32_t offset[operands] = {};
      for (int d = 0; d < max_rank; ++d) {
        if (d == rank) break;
        const std::uint32_t rest = dims[d].divide(i), index = i - rest * dims[d].divisor;
        for (int k = 0; k < operands; ++k) offset[k] += index * strides[d][k];
        i = rest;
      }
      for (int k = 0; k < operands; ++k) offsets.at[k] = start[k] + offset[k];
    }
    return offsets;
  }
};

/// Calls f(piece) for pieces that cover all elements once, in order. `limit` bounds elements and reach; tests lower it.
template <int operands, class F>
void for_each_piece(const JoinedDims<operands>& joined, F&& f, std::int64_t limit = std::int64_t{1} << 31) {
  struct Cut {
    F& f;
    std::int64_t limit;

    static bool below(std::int64_t extent, std::int64_t stride, std::int64_t& sum, std::int64_t limit) {
      std::int64_t reach;
      return !__builtin_mul_overflow(extent - 1, stride, &reach) && !__builtin_add_overflow(sum, reach, &sum) &&
             sum < limit;
    }

    static bool fits(const JoinedDims<operands>& dims, std::int64_t limit) {
      std::int64_t count = 1;
      for (int d = 0; d < dims.rank; ++d)
        if (__builtin_mul_overflow(count, dims.dims[d], &count) || count >= limit) return false;
      for (int k = 0; k < operands; ++k) {
        std::int64_t reach = 0;
        for (int d = 0; d < dims.rank; ++d)
          if (!below(dims.dims[d], dims.strides[d][k], reach, limit)) return false;
      }
      return dims.rank <= Piece<operands>::max_rank;
    }

    void operator()(JoinedDims<operands> dims, const std::int64_t (&start)[operands]) {
      while (dims.rank > 1 && dims.dims[dims.rank - 1] == 1) --dims.rank;
      if (fits(dims, limit)) {
        Piece<operands> piece = {};
        piece.count = 1;
        piece.rank = dims.rank;
        for (int d = 0; d < dims.rank; ++d) {
          piece.dims[d] = Divider(static_cast<std::uint32_t>(dims.dims[d]));
          piece.count *= static_cast<std::uint32_t>(dims.dims[d]);
          for (int k = 0; k < operands; ++k)
            piece.strides[d][k] = dims.dims[d] == 1 ? 0 : static_cast<std::uint32_t>(dims.strides[d][k]);
        }
        for (int k = 0; k < operands; ++k) piece.start[k] = start[k];
        f(piece);
        return;
      }
      const int last = dims.rank - 1;
      const std::int64_t whole = dims.dims[last], half = whole / 2;
      std::int64_t middle[operands];
      for (int k = 0; k < operands; ++k) middle[k] = start[k] + half * dims.strides[last][k];
      dims.dims[last] = half;
      (*this)(dims, start);
      dims.dims[last] = whole - half;
      (*this)(dims, middle);
    }
  } cut{f, limit};
  for (int d = 0; d < joined.rank; ++d)
    if (joined.dims[d] == 0) return;
  const std::int64_t start[operands] = {};
  cut(joined, start);
}

}  // namespace cairn::cuda
