// Filling, copying and converting.
//
// Equal dtypes move as bits, and as one block where both sides are contiguous. A conversion (core/convert.h) is
// compiled for each source dtype, and its kernel asks each element's target dtype: all threads take the same way, so
// that it costs a few comparisons beside the memory's time, and n kernels do the work of n².
#include <cairn/core/convert.h>
#include <cairn/cuda/elementwise.h>

#include <cstring>

namespace cairn::cuda {
namespace {

template <class Bits>
struct Move {
  Bits* y;
  const Bits* x;
  using Loaded = Bits;
  __device__ Bits load(const Offsets<2>& at) const { return x[at[1]]; }
  __device__ void store(const Offsets<2>& at, Bits bits) const { y[at[0]] = bits; }
};

template <class Bits>
struct Fill {
  Bits* y;
  Bits bits;
  using Loaded = Bits;
  __device__ Bits load(const Offsets<1>&) const { return bits; }
  __device__ void store(const Offsets<1>& at, Bits value) const { y[at[0]] = value; }
};

template <class From>
struct Convert {
  void* y;
  DType to;
  const Raw<From>* x;
  using Loaded = Raw<From>;
  __device__ Loaded load(const Offsets<2>& at) const { return x[at[1]]; }
  __device__ void store(const Offsets<2>& at, const Loaded& raw) const {
    store_one_of(Elements{}, at[0], widened<From>(raw, to == DType::boolean));
  }

 private:
  template <class... To>
  __device__ void store_one_of(TypeList<To...>, std::int64_t i, Between<From> value) const {
    [[maybe_unused]] const bool stored =
        ((to == dtype_of<To> && (static_cast<Raw<To>*>(y)[i] = converted<To>(value), true)) || ...);
  }
};

template <class T>
void copy_same(Context& context, const View& y, const View& x) {
  using Bits = BitsOf<T>;
  const JoinedDims<2> joined({&y, &x});
  const bool contiguous = joined.rank == 1 && joined.strides[0][0] == 1 && joined.strides[0][1] == 1;
  if (contiguous && joined.dims[0] > 0 && y.data != x.data)
    check(cudaMemcpyAsync(y.data, x.data, static_cast<std::size_t>(joined.dims[0]) * sizeof(T),
                          cudaMemcpyDeviceToDevice, context.stream));
  else
    run_elementwise<2>(context, {&y, &x}, Move<Bits>{data_of<Bits>(y), data_of<Bits>(x)});
}

struct CopyFrom {
  Context& context;
  const View &y, &x;

  template <class From>
  void operator()() const {
    if (x.dtype != dtype_of<From>) return;
    if (y.dtype == x.dtype)
      copy_same<From>(context, y, x);
    else
      run_elementwise<2>(context, {&y, &x}, Convert<From>{y.data, y.dtype, data_of<Raw<From>>(x)});
  }
};

void copy(Context& context, const KernelCall& call) {
  for_each_type(Elements{}, CopyFrom{context, call.operands[0], call.operands[1]});
}

template <class T>
void fill(Context& context, const KernelCall& call) {
  const Raw<T> value = filling<T>(*static_cast<const FillAttributes*>(call.attributes));
  BitsOf<T> bits;
  std::memcpy(&bits, &value, sizeof bits);
  const View& y = call.operands[0];
  run_elementwise<1>(context, {&y}, Fill<BitsOf<T>>{data_of<BitsOf<T>>(y), bits});
}

struct Enter {
  KernelTable& table;
  template <class T>
  void operator()() const {
    table.set<T>(Operation::copy, copy);
    table.set<T>(Operation::fill, fill<T>);
  }
};

}  // namespace

void add_memory_kernels(KernelTable& table) { for_each_type(Elements{}, Enter{table}); }

}  // namespace cairn::cuda
