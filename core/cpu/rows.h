// Walks several tensors of one shape together, row by row (joined_dims.h).
#pragma once

#include <cairn/core/cpu/kernel.h>
#include <cairn/core/joined_dims.h>

namespace cairn {

template <int operands>
class Rows : private JoinedDims<operands> {
  using Joined = JoinedDims<operands>;
  using Joined::dims, Joined::strides, Joined::rank;

 public:
  static constexpr std::int64_t piece = 32768;  // elements of a row that are one task

  explicit Rows(const View* const (&views)[operands]) : Joined(views) {}

  std::int64_t length() const { return dims[0]; }  // of a row
  std::int64_t stride(int operand) const { return strides[0][operand]; }
  bool is_dense() const {  // every row of every operand: its elements lie side by side
    bool dense = true;
    for (int k = 0; k < operands; ++k) dense = dense && strides[0][k] == 1;
    return dense;
  }

  /// Calls f(offsets, count): `count` elements of a row, from the element at `offsets[k]` of each operand.
  template <class F>
  void run(F&& f) const {
    walk(visit_row<std::remove_reference_t<F>>, &f);
  }

 private:
  using Visit = void (*)(void* context, const std::int64_t (&offsets)[operands], std::int64_t count);

  template <class F>
  static void visit_row(void* context, const std::int64_t (&offsets)[operands], std::int64_t count) {
    (*static_cast<F*>(context))(offsets, count);
  }

  // Compiled once for all kernels of so many operands.
  [[gnu::noinline]] void walk(Visit visit, void* context) const {
    std::int64_t rows = 1;
    for (int d = 1; d < rank; ++d) rows *= dims[d];
    if (rows == 0 || dims[0] == 0) return;
    if (rows == 1 && dims[0] <= piece) {
      const std::int64_t start[operands] = {};
      visit(context, start, dims[0]);
      return;
    }
    // Pieces of long rows, or bundles of short ones: about `piece` elements a task.
    const std::int64_t pieces = (dims[0] + piece - 1) / piece;
    const std::int64_t bundle = dims[0] < piece ? (piece + dims[0] - 1) / dims[0] : 1;
    const std::int64_t bundles = (rows + bundle - 1) / bundle;
    kernel_parallel_for(bundles * pieces, true, [&](std::int64_t task) {
      const std::int64_t first = task / pieces * bundle, last = first + bundle < rows ? first + bundle : rows;
      const std::int64_t begin = task % pieces * piece, count = dims[0] - begin < piece ? dims[0] - begin : piece;
      std::int64_t index[Joined::max_rank] = {}, offset[operands];
      for (int k = 0; k < operands; ++k) offset[k] = begin * strides[0][k];
      std::int64_t rest = first;
      for (int d = 1; d < rank; ++d) {
        index[d] = rest % dims[d];
        rest /= dims[d];
        for (int k = 0; k < operands; ++k) offset[k] += index[d] * strides[d][k];
      }
      for (std::int64_t row = first; row < last; ++row) {
        visit(context, offset, count);
        for (int d = 1; d < rank; ++d) {
          for (int k = 0; k < operands; ++k) offset[k] += strides[d][k];
          if (++index[d] < dims[d]) break;
          for (int k = 0; k < operands; ++k) offset[k] -= dims[d] * strides[d][k];
          index[d] = 0;
        }
      }
    });
  }
};

}  // namespace cairn
