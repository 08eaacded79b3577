// Sums, and the largest and smallest with their places. The operand's kept dimensions come first, then those that are
// reduced.

#include <cairn/core/cpu/packet.h>
#include <cairn/core/cpu/rows.h>
#include <cairn/core/cpu/sum.h>

namespace cairn {
namespace {

/// Offset of the i-th element of a block of dimensions, row by row.
std::int64_t offset_of(std::int64_t i, const std::int64_t* dims, const std::int64_t* strides, int rank) {
  std::int64_t offset = 0;
  for (int d = rank - 1; d >= 0; --d) {
    offset += i % dims[d] * strides[d];
    i /= dims[d];
  }
  return offset;
}

/// Dimensions that are one row with one stride, if they are: `stride` of it.
bool is_even(const std::int64_t* dims, const std::int64_t* strides, int rank, std::int64_t& stride) {
  stride = 0;
  std::int64_t run = 1;
  for (int d = rank - 1; d >= 0; --d) {
    if (dims[d] == 1) continue;
    if (run == 1)
      stride = strides[d];
    else if (strides[d] != run * stride)
      return false;
    run *= dims[d];
  }
  return true;
}

/// A call of an operation over the last dimensions, and how its numbers lie.
template <class T>
struct Reduction {
  explicit Reduction(const KernelCall& call)
      : reduced(static_cast<const ReduceAttributes*>(call.attributes)->reduced),
        kept(call.operands[1].rank - reduced),
        y(data_of<T>(call.operands[0])),
        x(data_of<const T>(call.operands[1])),
        kept_dims(call.operands[1].dims),
        kept_strides(call.operands[1].strides) {
    for (int d = 0; d < kept; ++d) outputs *= kept_dims[d];
    for (int d = 0; d < reduced; ++d) terms *= dims()[d];
    std::int64_t across;
    even = is_even(dims(), strides(), reduced, stride);
    columns = even && kept > 0 && is_even(kept_dims, kept_strides, kept, across) && across == 1 && stride != 1;
  }

  const std::int64_t* dims() const { return kept_dims + kept; }
  const std::int64_t* strides() const { return kept_strides + kept; }

  /// For every output: row(first, term), or for sixteen and fewer side by side columns(first, count, term).
  template <class Row, class Columns>
  void run(Row&& row, Columns&& some_columns) const {
    const std::int64_t group = columns ? sum_columns_at_once : 1;
    kernel_parallel_for((outputs + group - 1) / group, outputs * terms > 65536, [&](std::int64_t g) {
      const std::int64_t first = g * group;
      if (columns) {
        const T* base = x + first;
        const int count = static_cast<int>(outputs - first < group ? outputs - first : group);
        return some_columns(first, count, [&](std::int64_t r, int j) { return base[r * stride + j]; });
      }
      const T* base = x + offset_of(first, kept_dims, kept_strides, kept);
      if (even && stride == 1)
        row(first, [&](std::int64_t r) { return base[r]; });
      else if (even)
        row(first, [&](std::int64_t r) { return base[r * stride]; });
      else
        row(first, [&](std::int64_t r) { return base[offset_of(r, dims(), strides(), reduced)]; });
    });
  }

  int reduced, kept;
  T* y;
  const T* x;
  const std::int64_t *kept_dims, *kept_strides;
  std::int64_t outputs = 1, terms = 1, stride;
  bool even, columns;  // the terms of an output lie evenly apart; its neighbours lie beside it, closer than its terms
};

template <class T>
void sum(const KernelCall& call) {
  const T divisor = static_cast<T>(static_cast<const ReduceAttributes*>(call.attributes)->divisor);
  using Sum = std::conditional_t<std::is_same_v<T, std::int64_t>, std::uint64_t, T>;  // whole numbers wrap around
  const auto finish = [&](Sum sum) { return divisor == 1 ? static_cast<T>(sum) : static_cast<T>(sum) / divisor; };
  const Reduction<T> reduction(call);
  reduction.run([&](std::int64_t i, auto term) { reduction.y[i] = finish(sum_of<Sum>(reduction.terms, term)); },
                [&](std::int64_t first, int count, auto term) {
                  sum_columns<Sum>(reduction.terms, count, term,
                                   [&](int j, Sum sum) { reduction.y[first + j] = finish(sum); });
                });
}

/// Whether `value` takes the place of `best`. NaN beats every number, as in PyTorch.
template <bool largest, class T>
bool beats(T value, T best) {
  return (largest ? value > best : value < best) || (value != value && best == best);
}

/// The largest or smallest, of equals the first: of a row in sixteen lanes, or of sixteen columns.
template <bool largest, class T>
void extreme(const KernelCall& call) {
  const Reduction<T> reduction(call);
  constexpr int lanes = sum_columns_at_once;
  reduction.run(
      [&](std::int64_t i, auto term) {
        const std::int64_t terms = reduction.terms;
        T best[lanes];
        for (int lane = 0; lane < lanes; ++lane) best[lane] = term(lane < terms ? lane : 0);
        std::int64_t r = lanes;
        for (; r + lanes <= terms; r += lanes)
          for (int lane = 0; lane < lanes; ++lane) {
            const T value = term(r + lane);
            best[lane] = beats<largest>(value, best[lane]) ? value : best[lane];
          }
        for (; r < terms; ++r) {
          const T value = term(r);
          best[0] = beats<largest>(value, best[0]) ? value : best[0];
        }
        for (int lane = 1; lane < lanes; ++lane) best[0] = beats<largest>(best[lane], best[0]) ? best[lane] : best[0];
        if (best[0] == T(0) || best[0] != best[0]) {  // of 0 and -0, and of NaNs, the lanes may have found another
          r = 0;
          while (!(term(r) == best[0] || (best[0] != best[0] && term(r) != term(r)))) ++r;
          best[0] = term(r);
        }
        reduction.y[i] = best[0];
      },
      [&](std::int64_t first, int count, auto term) {
        T best[lanes];
        for (int j = 0; j < count; ++j) best[j] = term(0, j);
        for (std::int64_t r = 1; r < reduction.terms; ++r)
          for (int j = 0; j < count; ++j) {
            const T value = term(r, j);
            best[j] = beats<largest>(value, best[j]) ? value : best[j];
          }
        for (int j = 0; j < count; ++j) reduction.y[first + j] = best[j];
      });
}

/// The first place of the largest or smallest along the last dimension.
template <bool largest, class T>
void place_of_extreme(const KernelCall& call) {
  auto* y = data_of<std::int64_t>(call.operands[0]);
  const View& xv = call.operands[1];
  const T* x = data_of<T>(xv);
  const int kept = xv.rank - 1;
  const std::int64_t terms = xv.dims[kept], stride = xv.strides[kept], outputs = numel_of(call.operands[0]);
  kernel_parallel_for(outputs, outputs * terms > 65536, [&](std::int64_t i) {
    const T* base = x + offset_of(i, xv.dims, xv.strides, kept);
    std::int64_t best = 0;
    for (std::int64_t r = 1; r < terms; ++r)
      if (beats<largest>(base[r * stride], base[best * stride])) best = r;
    y[i] = best;
  });
}

}  // namespace

void add_reduction_kernels(KernelTable& table) {
  for_each_type(ArithmeticTypes{}, [&]<class T>() {
    table.set<T>(Operation::sum, sum<T>);
    table.set<T>(Operation::amax, extreme<true, T>);
    table.set<T>(Operation::amin, extreme<false, T>);
    table.set<T>(Operation::argmax, place_of_extreme<true, T>);
    table.set<T>(Operation::argmin, place_of_extreme<false, T>);
  });
}

}  // namespace cairn
