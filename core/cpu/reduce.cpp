// Sums and the place of the largest. The operand's kept dimensions come first, then those that are reduced.

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

template <class T>
void sum(const KernelCall& call) {
  const auto& attributes = *static_cast<const ReduceAttributes*>(call.attributes);
  T* y = data_of<T>(call.operands[0]);
  const View& xv = call.operands[1];
  const T* x = data_of<T>(xv);
  const int reduced = attributes.reduced, kept = xv.rank - reduced;
  const std::int64_t *kept_dims = xv.dims, *kept_strides = xv.strides, *dims = xv.dims + kept,
                     *strides = xv.strides + kept;
  std::int64_t outputs = 1, terms = 1;
  for (int d = 0; d < kept; ++d) outputs *= kept_dims[d];
  for (int d = 0; d < reduced; ++d) terms *= dims[d];
  using Sum = std::conditional_t<std::is_same_v<T, std::int64_t>, std::uint64_t, T>;  // whole numbers wrap around
  const auto finish = [&](Sum sum) {
    const T signed_sum = static_cast<T>(sum);
    return attributes.divisor == 1 ? signed_sum : static_cast<T>(signed_sum / static_cast<T>(attributes.divisor));
  };

  std::int64_t stride, across;
  const bool even = is_even(dims, strides, reduced, stride);
  const bool columns = even && kept > 0 && is_even(kept_dims, kept_strides, kept, across) && across == 1 && stride != 1;
  const std::int64_t group = columns ? sum_columns_at_once : 1;
  kernel_parallel_for((outputs + group - 1) / group, outputs * terms > 65536, [&](std::int64_t g) {
    const std::int64_t first = g * group;
    if (columns) {
      const int count = static_cast<int>(outputs - first < group ? outputs - first : group);
      const T* base = x + first;
      sum_columns<Sum>(
          terms, count, [&](std::int64_t r, int j) { return base[r * stride + j]; },
          [&](int j, Sum sum) { y[first + j] = finish(sum); });
      return;
    }
    const T* base = x + offset_of(first, kept_dims, kept_strides, kept);
    if (even && stride == 1)
      y[first] = finish(sum_of<Sum>(terms, [&](std::int64_t r) { return base[r]; }));
    else if (even)
      y[first] = finish(sum_of<Sum>(terms, [&](std::int64_t r) { return base[r * stride]; }));
    else
      y[first] = finish(sum_of<Sum>(terms, [&](std::int64_t r) { return base[offset_of(r, dims, strides, reduced)]; }));
  });
}

/// NaN counts as the largest, as in PyTorch.
template <class T>
void argmax(const KernelCall& call) {
  auto* y = data_of<std::int64_t>(call.operands[0]);
  const View& xv = call.operands[1];
  const T* x = data_of<T>(xv);
  const int kept = xv.rank - 1;
  const std::int64_t terms = xv.dims[kept], stride = xv.strides[kept], outputs = numel_of(call.operands[0]);
  kernel_parallel_for(outputs, outputs * terms > 65536, [&](std::int64_t i) {
    const T* base = x + offset_of(i, xv.dims, xv.strides, kept);
    std::int64_t best = 0;
    for (std::int64_t r = 1; r < terms; ++r) {
      const T value = base[r * stride], largest = base[best * stride];
      if (value > largest || (value != value && largest == largest)) best = r;
    }
    y[i] = best;
  });
}

}  // namespace

void add_reduction_kernels(KernelTable& table) {
  for_each_type(ArithmeticTypes{}, [&]<class T>() {
    table.set<T>(Operation::sum, sum<T>);
    table.set<T>(Operation::argmax, argmax<T>);
  });
}

}  // namespace cairn
