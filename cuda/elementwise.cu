// The kernels of core/elementwise.h's operations.
//
// None is named here: what is listed there is compiled for every dtype it takes. An element is loaded as the number
// that is computed with (float for the small floats) and rounded once, when it is stored.
#include <cairn/core/elementwise.h>
#include <cairn/cuda/elementwise.h>

namespace cairn::cuda {
namespace {

template <class T>
using X = Number<Computed<T>>;

template <class T>
struct Two {
  X<T> a, b;
};

template <class Op, class T>
struct Unary {
  T* y;
  const T* x;
  using Loaded = X<T>;
  __device__ Loaded load(const Offsets<2>& at) const { return X<T>(x[at[1]]); }
  __device__ void store(const Offsets<2>& at, Loaded v) const { y[at[0]] = Op::value(v).template as<T>(); }
};

template <class Op, class T>
struct UnaryBackward {
  T* gx;
  const T *gy, *xy;
  using Loaded = Two<T>;
  __device__ Loaded load(const Offsets<3>& at) const { return {X<T>(gy[at[1]]), X<T>(xy[at[2]])}; }
  __device__ void store(const Offsets<3>& at, const Loaded& v) const {
    gx[at[0]] = gradient<Op>(v.a, v.b).template as<T>();
  }
};

template <class Op, class T>
struct Binary {
  T* y;
  const T *a, *b;
  using Loaded = Two<T>;
  __device__ Loaded load(const Offsets<3>& at) const { return {X<T>(a[at[1]]), X<T>(b[at[2]])}; }
  __device__ void store(const Offsets<3>& at, const Loaded& v) const {
    y[at[0]] = Op::value(v.a, v.b).template as<T>();
  }
};

template <class Op, class T>
void unary(Context& context, const KernelCall& call) {
  const View &y = call.operands[0], &x = call.operands[1];
  run_elementwise<2>(context, {&y, &x}, Unary<Op, T>{data_of<T>(y), data_of<T>(x)});
}

/// grad_x -> grad_y, x, y; the slope needs one of x and y, and the other is absent.
template <class Op, class T>
void unary_backward(Context& context, const KernelCall& call) {
  const View &gx = call.operands[0], &gy = call.operands[1];
  const View& xy = call.operands[Op::slope_is == Slope::of_output ? 3 : Op::slope_is == Slope::of_input ? 2 : 1];
  run_elementwise<3>(context, {&gx, &gy, &xy}, UnaryBackward<Op, T>{data_of<T>(gx), data_of<T>(gy), data_of<T>(xy)});
}

template <class Op, class T>
void binary(Context& context, const KernelCall& call) {
  const View &y = call.operands[0], &a = call.operands[1], &b = call.operands[2];
  run_elementwise<3>(context, {&y, &a, &b}, Binary<Op, T>{data_of<T>(y), data_of<T>(a), data_of<T>(b)});
}

// Entering them, for each type of an operation's list.

template <class Op>
struct EnterUnary {
  KernelTable& table;
  template <class T>
  void operator()() const {
    table.set<T>(Op::forward, unary<Op, T>);
    if constexpr (!std::is_integral_v<T>) table.set<T>(Op::backward, unary_backward<Op, T>);
  }
};

template <class Op>
struct EnterBinary {
  KernelTable& table;
  template <class T>
  void operator()() const {
    table.set<T>(Op::forward, binary<Op, T>);
  }
};

template <template <class Op> class Enter>
struct EnterAll {
  KernelTable& table;
  template <class Op>
  void operator()() const {
    for_each_type(std::conditional_t<Op::takes_integers, ArithmeticTypes, FloatTypes>{}, Enter<Op>{table});
  }
};

}  // namespace

void add_elementwise_kernels(KernelTable& table) {
  for_each_type(UnaryOperations{}, EnterAll<EnterUnary>{table});
  for_each_type(BinaryOperations{}, EnterAll<EnterBinary>{table});
}

}  // namespace cairn::cuda
