// Numbers taken from, and added to, places that an index names along one dimension:
//
//   gather        y[i][j] = x[index[i][j]][j]         dim 0; the shape is that of the index
//   scatter_add   y[index[i][j]][j] += x[i][j]        dim 0
//
// An index that repeats along a dimension has stride 0 there: index_select and an embedding's rows are such calls, and
// go row by row. All indices are checked before anything is written. Sums are added in the order of `dim`, by one
// thread for all that may meet in one place, so that they come out the same for any number of threads.

#include <cairn/core/convert.h>
#include <cairn/core/cpu/rows.h>

#include <cstdio>
#include <cstring>

namespace cairn {
namespace {

int dim_of(const KernelCall& call) { return static_cast<const IndexAttributes*>(call.attributes)->dim; }

/// Whether every index names a place of `extent`; otherwise the call fails, and says so as PyTorch does.
bool check_index(const View& index, std::int64_t extent, int dim) {
  const Rows<1> rows({&index});
  const std::int64_t stride = rows.stride(0);
  const auto* numbers = data_of<const std::int64_t>(index);
  std::int64_t wrong = 0;
  rows.run([&](const std::int64_t(&at)[1], std::int64_t count) {
    for (std::int64_t i = 0; i < (stride == 0 ? 1 : count); ++i) {
      const std::int64_t place = numbers[at[0] + i * stride];
      if (place < 0 || place >= extent) __atomic_store_n(&wrong, place < 0 ? place : place + 1, __ATOMIC_RELAXED);
    }
  });
  if (wrong == 0) return true;
  char text[128];
  std::snprintf(text, sizeof text, "index %lld is out of bounds for dimension %d with size %lld",
                static_cast<long long>(wrong < 0 ? wrong : wrong - 1), dim, static_cast<long long>(extent));
  cairn_kernel_fail(text);
  return false;
}

/// A view with dimensions of its own.
struct Dims {
  std::int64_t dims[64], strides[64];
  View view;

  /// `of`, with the dimensions of `shape`.
  Dims(const View& of, const View& shape) : view{of.data, dims, strides, shape.rank, of.dtype} {
    for (int d = 0; d < shape.rank; ++d) dims[d] = shape.dims[d], strides[d] = of.strides[d];
  }
  void remove(int dim) {
    --view.rank;
    for (int d = dim; d < view.rank; ++d) dims[d] = dims[d + 1], strides[d] = strides[d + 1];
  }
};

template <class Bits>
void gather_bits(const KernelCall& call) {
  const View &y = call.operands[0], &x = call.operands[1], &index = call.operands[2];
  const int dim = dim_of(call);
  if (!check_index(index, x.dims[dim], dim)) return;
  Dims from(x, y);
  const std::int64_t step = x.strides[dim];
  from.strides[dim] = 0;
  const Rows<3> rows({&y, &index, &from.view});
  const std::int64_t sy = rows.stride(0), si = rows.stride(1), sx = rows.stride(2);
  auto* to = data_of<Bits>(y);
  const auto* numbers = data_of<const Bits>(x);
  const auto* places = data_of<const std::int64_t>(index);
  rows.run([&](const std::int64_t(&at)[3], std::int64_t count) {
    if (si == 0 && sy == 1 && sx == 1) {
      std::memcpy(to + at[0], numbers + at[2] + places[at[1]] * step, static_cast<std::size_t>(count) * sizeof(Bits));
      return;
    }
    for (std::int64_t i = 0; i < count; ++i)
      to[at[0] + i * sy] = numbers[at[2] + i * sx + places[at[1] + i * si] * step];
  });
}

void gather(const KernelCall& call) {
  visit(call.operands[0].dtype, [&]<class T>() { gather_bits<BitsOf<T>>(call); });
}

template <class T>
void scatter_add(const KernelCall& call) {
  const View &y = call.operands[0], &x = call.operands[1], &index = call.operands[2];
  const int dim = dim_of(call);
  if (!check_index(index, y.dims[dim], dim)) return;
  const std::int64_t step = y.strides[dim], x_step = x.strides[dim], index_step = index.strides[dim];
  const std::int64_t along = index.dims[dim];
  Dims to(y, index), from(x, index), places(index, index);
  for (Dims* dims : {&to, &from, &places}) dims->remove(dim);
  const Rows<3> rows({&places.view, &to.view, &from.view});
  const std::int64_t si = rows.stride(0), sy = rows.stride(1), sx = rows.stride(2);
  rows.run([&](const std::int64_t(&at)[3], std::int64_t count) {
    for (std::int64_t r = 0; r < along; ++r) {
      const auto* place = data_of<const std::int64_t>(index) + at[0] + r * index_step;
      T* sums = data_of<T>(y) + at[1];
      const T* terms = data_of<const T>(x) + at[2] + r * x_step;
      for (std::int64_t i = 0; i < count; ++i) {
        T& sum = sums[i * sy + place[i * si] * step];
        if constexpr (std::is_integral_v<T>)
          sum = static_cast<T>(static_cast<std::uint64_t>(sum) + static_cast<std::uint64_t>(terms[i * sx]));
        else
          sum += terms[i * sx];
      }
    }
  });
}

}  // namespace

void add_indexing_kernels(KernelTable& table) {
  for_each_type(Elements{}, [&]<class T>() { table.set<T>(Operation::gather, gather); });
  for_each_type(ArithmeticTypes{}, [&]<class T>() { table.set<T>(Operation::scatter_add, scatter_add<T>); });
}

}  // namespace cairn
