// Numbers taken from, and added to, places that an index names along one dimension.
//
//   gather        y[i][j] = x[index[i][j]][j]         dim 0; elements move as bits
//   scatter_add   y[index[i][j]][j] += x[i][j]        dim 0; without atomics, so that sums come out the same each time:
//
//     index [2 0 2 1]  ─►  entries (place, i), sorted by place:  (0,1) (1,3) (2,0) (2,2)
//                                                                              ▲ the first of a place adds them all
//
// The sort is stable, so that terms are added in the order of `dim`, as on the CPU; numbers in 16 bits are added as
// float and rounded once. An index that repeats along a dimension (stride 0) is one entry for all of it: so are those
// of index_select and of an embedding's gradient. An index out of range is reported (fault.h); gather gives 0 for it,
// and scatter_add adds nothing.
#include <cairn/core/convert.h>
#include <cairn/cuda/elementwise.h>
#include <cairn/cuda/places.h>

namespace cairn::cuda {
namespace {

template <class T>
using X = Number<Computed<T>>;

int dim_of(const KernelCall& call) { return static_cast<const IndexAttributes*>(call.attributes)->dim; }

/// The places there are.
struct Range {
  std::int64_t extent;
  int dim;
  FaultWord* faults;

  Range(Context& context, const View& view, int dim) : extent(view.dims[dim]), dim(dim), faults(context.gpu.faults()) {}
  __device__ bool has(std::int64_t place) const { return place >= 0 && place < extent; }
  __device__ void refuse(std::int64_t place) const { report(faults, Fault::index_out_of_bounds, place, dim, extent); }
};

/// Some dimensions of a tensor.
struct Part {
  std::int64_t dims[64], strides[64];
  View view{nullptr, dims, strides, 0, DType::int64};

  Part() = default;
  Part(const Part&) = delete;
  void add(std::int64_t extent, std::int64_t stride) {
    dims[view.rank] = extent;
    strides[view.rank++] = stride;
  }
};

template <class Bits>
struct Gather {
  Bits* y;
  const std::int64_t* index;
  const Bits* x;
  std::int64_t step;
  Range range;
  struct Loaded {
    std::int64_t place;
    Bits bits;
  };
  __device__ Loaded load(const Offsets<3>& at) const {
    const std::int64_t place = index[at[1]];
    return {place, range.has(place) ? x[at[2] + place * step] : Bits(0)};
  }
  __device__ void store(const Offsets<3>& at, const Loaded& v) const {
    y[at[0]] = v.bits;
    if (!range.has(v.place)) range.refuse(v.place);
  }
};

template <class Bits>
void gather(Context& context, const KernelCall& call) {
  const View &y = call.operands[0], &x = call.operands[1], &index = call.operands[2];
  const int dim = dim_of(call);
  Part from;
  for (int d = 0; d < y.rank; ++d) from.add(y.dims[d], d == dim ? 0 : x.strides[d]);
  run_elementwise<3>(context, {&y, &index, &from.view},
                     Gather<Bits>{data_of<Bits>(y), data_of<std::int64_t>(index), data_of<Bits>(x), x.strides[dim],
                                  Range(context, x, dim)});
}

/// Where a number of x goes: offsets, in elements. `to` is -1 for an index out of range.
struct Entry {
  std::int64_t to, from;
};

/// The entries of a call, by number.
struct Entries {
  const std::int64_t* index;
  Places<3> places;  // of index, y and x
  std::int64_t count, step;
  Range range;

  __device__ Entry make(std::int64_t i) const {
    const Offsets<3> at = places.of(i);
    const std::int64_t place = index[at[0]];
    if (range.has(place)) return {at[1] + place * step, at[2]};
    range.refuse(place);
    return {-1, 0};
  }
};

/// Makes the entries, sorted in runs of block_size: one's rank is the number of those that go before it.
__global__ void __launch_bounds__(block_size) make_runs(Entries entries, Entry* sorted) {
  __shared__ std::int64_t to[block_size];
  const int mine = static_cast<int>(threadIdx.x);
  const std::int64_t first = static_cast<std::int64_t>(blockIdx.x) * block_size, rest = entries.count - first;
  const int here = static_cast<int>(rest < block_size ? rest : block_size);
  Entry entry = {};
  if (mine < here) {
    entry = entries.make(first + mine);
    to[mine] = entry.to;
  }
  __syncthreads();
  if (mine >= here) return;
  int rank = 0;
  for (int i = 0; i < here; ++i) rank += to[i] < entry.to || (to[i] == entry.to && i < mine);
  sorted[first + rank] = entry;
}

/// Makes one run of every two: an entry goes as far behind its own run's start as there are entries before it in both.
__global__ void __launch_bounds__(block_size)
    merge_runs(std::int64_t count, std::int64_t width, const Entry* runs, Entry* merged) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * block_size + threadIdx.x;
  if (i >= count) return;
  const Entry entry = runs[i];
  const std::int64_t start = i & -width, other = start ^ width;  // width is a power of two
  const bool is_second = other < start;
  std::int64_t low = other < count ? other : count, high = count - low < width ? count : low + width;
  const std::int64_t begin = low;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2, to = runs[middle].to;
    if (to < entry.to || (is_second && to == entry.to))
      low = middle + 1;
    else
      high = middle;
  }
  merged[(is_second ? other : start) + (i - start) + (low - begin)] = entry;
}

/// What is added for an entry: one number, or one for each place in the dimensions along which the index repeats.
template <class T>
struct Addition {
  T* y;
  const T* x;
  Places<2> places;
  std::int64_t width;
};

/// A thread for every number; those of the first entry of a place add what goes there.
template <class T>
__global__ void __launch_bounds__(block_size) add_entries(Addition<T> all, const Entry* entries, std::int64_t count) {
  const std::int64_t thread = static_cast<std::int64_t>(blockIdx.x) * block_size + threadIdx.x;
  std::int64_t i = thread / all.width;
  if (i >= count) return;
  const std::int64_t to = entries[i].to;
  if (to < 0 || (i > 0 && entries[i - 1].to == to)) return;
  const Offsets<2> at = all.places.of(thread % all.width);
  T& y = all.y[at[0] + to];
  const T* x = all.x + at[1];
  constexpr int at_once = 4;  // reads under way
  X<T> sum(y);
  bool more = true;
  for (; more; i += at_once) {
    X<T> terms[at_once] = {};
    int found = 0;
#pragma unroll
    for (int t = 0; t < at_once; ++t) {
      const Entry entry = i + t < count ? entries[i + t] : Entry{-1, 0};
      if (entry.to != to) continue;
      terms[t] = X<T>(x[entry.from]);
      ++found;
    }
#pragma unroll
    for (int t = 0; t < at_once; ++t)
      if (t < found) sum = sum + terms[t];
    more = found == at_once;
  }
  y = sum.template as<T>();
}

template <class T>
void scatter_add(Context& context, const KernelCall& call) {
  const View &y = call.operands[0], &x = call.operands[1], &index = call.operands[2];
  const int dim = dim_of(call);
  Part entry_index, entry_y, entry_x, each_y, each_x;
  std::int64_t count = 1, width = 1;
  for (int d = 0; d < index.rank; ++d) {
    const std::int64_t extent = index.dims[d];
    if (d == dim || index.strides[d] != 0) {
      entry_index.add(extent, index.strides[d]);
      entry_y.add(extent, d == dim ? 0 : y.strides[d]);
      entry_x.add(extent, x.strides[d]);
      count *= extent;
    } else {
      each_y.add(extent, y.strides[d]);
      each_x.add(extent, x.strides[d]);
      width *= extent;
    }
  }
  if (count * width == 0) return;
  const Entries entries{data_of<std::int64_t>(index),
                        Places<3>(JoinedDims<3>({&entry_index.view, &entry_y.view, &entry_x.view})), count,
                        y.strides[dim], Range(context, y, dim)};
  const bool may_meet = index.dims[dim] > 1;
  const Scratch<Entry> one(context, count), another(context, may_meet && count > block_size ? count : 0);
  Entry *sorted = one.data(), *other = another.data();
  launch(context, make_runs, blocks_for(count, block_size), entries, sorted);
  for (std::int64_t run = block_size; may_meet && run < count; run *= 2) {
    launch(context, merge_runs, blocks_for(count, block_size), count, run, static_cast<const Entry*>(sorted), other);
    std::swap(sorted, other);
  }
  const Addition<T> addition{data_of<T>(y), data_of<T>(x), Places<2>(JoinedDims<2>({&each_y.view, &each_x.view})),
                             width};
  launch(context, add_entries<T>, blocks_for(count * width, block_size), addition, static_cast<const Entry*>(sorted),
         count);
}

struct EnterGather {
  KernelTable& table;
  template <class T>
  void operator()() const {
    table.set<T>(Operation::gather, gather<BitsOf<T>>);
  }
};

struct EnterScatterAdd {
  KernelTable& table;
  template <class T>
  void operator()() const {
    table.set<T>(Operation::scatter_add, scatter_add<T>);
  }
};

}  // namespace

void add_indexing_kernels(KernelTable& table) {
  for_each_type(Elements{}, EnterGather{table});
  for_each_type(ArithmeticTypes{}, EnterScatterAdd{table});
}

}  // namespace cairn::cuda
