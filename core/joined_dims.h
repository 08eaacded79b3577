// Several tensors of one shape, as few dimensions as possible.
//
// The first operand's shape is the shape; the others are aligned with it at the last dimension, and extents of 1
// repeat. Dimensions that lie evenly in every operand are joined, so that contiguous tensors are one long row:
//
//   shape [2, 3, 4], strides [12, 4, 1] and [0, 4, 1]   →   dims {12, 2}, strides {1, 12} and {1, 0}
//
// How a kernel walks them is its backend's matter (cpu/rows.h, cuda/pieces.h).
#pragma once

#include <cstdint>

#include <cairn/core/backend.h>

namespace cairn {

template <int operands>
struct JoinedDims {
  static constexpr int max_rank = 64;

  int rank = 1;
  std::int64_t dims[max_rank];               // innermost first
  std::int64_t strides[max_rank][operands];  // in elements

  JoinedDims() = default;
  explicit JoinedDims(const View* const (&views)[operands]) {
    const View& shape = *views[0];
    if (is_one_row(views)) [[likely]]
      return;
    dims[0] = 1;
    for (int k = 0; k < operands; ++k) strides[0][k] = 0;
    for (int d = shape.rank - 1; d >= 0; --d) {
      const std::int64_t extent = shape.dims[d];
      if (extent == 1) continue;
      std::int64_t step[operands];
      for (int k = 0; k < operands; ++k) {
        const int own = d - shape.rank + views[k]->rank;
        step[k] = own < 0 || views[k]->dims[own] == 1 ? 0 : views[k]->strides[own];
      }
      append(extent, step);
    }
  }

 private:
  /// Whether all have the first one's shape and are known to lie row by row, as most do; then the one row is ready.
  bool is_one_row(const View* const (&views)[operands]) {
    const View& shape = *views[0];
    for (int k = 0; k < operands; ++k)
      if (!views[k]->by_rows || views[k]->rank != shape.rank) return false;
    std::int64_t count = 1;
    for (int d = 0; d < shape.rank; ++d) {
      for (int k = 1; k < operands; ++k)
        if (views[k]->dims[d] != shape.dims[d]) return false;
      count *= shape.dims[d];
    }
    for (int k = 0; k < operands; ++k) strides[0][k] = 1;
    dims[0] = count;
    return true;
  }

  void append(std::int64_t extent, const std::int64_t (&step)[operands]) {
    bool joins = true;
    for (int k = 0; k < operands; ++k)
      joins = joins && (dims[rank - 1] == 1 || step[k] == dims[rank - 1] * strides[rank - 1][k]);
    const int at = joins ? rank - 1 : rank++;
    const bool fresh = !joins || dims[at] == 1;
    dims[at] = joins ? dims[at] * extent : extent;
    if (fresh)
      for (int k = 0; k < operands; ++k) strides[at][k] = step[k];
  }
};

}  // namespace cairn
