// Walks several tensors of one shape together, row by row.
//
// The first operand's shape is the shape; the others are aligned with it at the last dimension, and extents of 1
// repeat. Dimensions that lie evenly in every operand are joined, so that contiguous tensors are one long row.
#pragma once

#include <cairn/core/cpu/kernel.h>

namespace cairn {

template <int operands>
class Rows {
 public:
  explicit Rows(const View* const (&views)[operands]) {
    const View& shape = *views[0];
    rank_ = 1;
    dims_[0] = 1;
    for (int k = 0; k < operands; ++k) strides_[0][k] = 0;
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

  std::int64_t length() const { return dims_[0]; }  // of a row
  std::int64_t stride(int operand) const { return strides_[0][operand]; }

  /// Calls f(offsets, count): `count` elements of a row, from the element at `offsets[k]` of each operand.
  template <class F>
  void run(F&& f) const {
    walk(visit_row<std::remove_reference_t<F>>, &f);
  }

 private:
  static constexpr int max_dims = 64;
  static constexpr std::int64_t piece = 32768;

  using Visit = void (*)(void* context, const std::int64_t (&offsets)[operands], std::int64_t count);

  template <class F>
  static void visit_row(void* context, const std::int64_t (&offsets)[operands], std::int64_t count) {
    (*static_cast<F*>(context))(offsets, count);
  }

  // Compiled once for all kernels of so many operands.
  [[gnu::noinline]] void walk(Visit visit, void* context) const {
    std::int64_t rows = 1;
    for (int d = 1; d < rank_; ++d) rows *= dims_[d];
    if (rows == 0 || dims_[0] == 0) return;
    if (rows == 1 && dims_[0] <= piece) {
      const std::int64_t start[operands] = {};
      visit(context, start, dims_[0]);
      return;
    }
    // Pieces of long rows, or bundles of short ones: about `piece` elements a task.
    const std::int64_t pieces = (dims_[0] + piece - 1) / piece;
    const std::int64_t bundle = dims_[0] < piece ? (piece + dims_[0] - 1) / dims_[0] : 1;
    const std::int64_t bundles = (rows + bundle - 1) / bundle;
    kernel_parallel_for(bundles * pieces, true, [&](std::int64_t task) {
      const std::int64_t first = task / pieces * bundle, last = first + bundle < rows ? first + bundle : rows;
      const std::int64_t begin = task % pieces * piece, count = dims_[0] - begin < piece ? dims_[0] - begin : piece;
      std::int64_t index[max_dims] = {}, offset[operands];
      for (int k = 0; k < operands; ++k) offset[k] = begin * strides_[0][k];
      std::int64_t rest = first;
      for (int d = 1; d < rank_; ++d) {
        index[d] = rest % dims_[d];
        rest /= dims_[d];
        for (int k = 0; k < operands; ++k) offset[k] += index[d] * strides_[d][k];
      }
      for (std::int64_t row = first; row < last; ++row) {
        visit(context, offset, count);
        for (int d = 1; d < rank_; ++d) {
          for (int k = 0; k < operands; ++k) offset[k] += strides_[d][k];
          if (++index[d] < dims_[d]) break;
          for (int k = 0; k < operands; ++k) offset[k] -= dims_[d] * strides_[d][k];
          index[d] = 0;
        }
      }
    });
  }

  void append(std::int64_t extent, const std::int64_t (&step)[operands]) {
    bool joins = true;
    for (int k = 0; k < operands; ++k)
      joins = joins && (dims_[rank_ - 1] == 1 || step[k] == dims_[rank_ - 1] * strides_[rank_ - 1][k]);
    const int at = joins ? rank_ - 1 : rank_++;
    const bool fresh = !joins || dims_[at] == 1;
    dims_[at] = joins ? dims_[at] * extent : extent;
    if (fresh)
      for (int k = 0; k < operands; ++k) strides_[at][k] = step[k];
  }

  int rank_;
  std::int64_t dims_[max_dims];  // innermost first
  std::int64_t strides_[max_dims][operands];
};

}  // namespace cairn
