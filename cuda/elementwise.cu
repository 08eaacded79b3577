// The kernels of core/elementwise.h's operations.
//
// None is named here: what is listed there is compiled for every dtype it takes. An element is loaded as the number
// that is computed with (float for the small floats) and rounded once, when it is stored.
//
//   float16 a ──┐
//               ├─► float ─► value ─► float16 y, or bool y of a comparison
//   float32 b ──┘
//
// A number beside small floats may be a float32, so that it keeps its digits: operands are read through their own
// dtypes.
#include <cairn/core/convert.h>
#include <cairn/core/elementwise.h>
#include <cairn/cuda/elementwise.h>

namespace cairn::cuda {
namespace {

template <class T>
using X = Number<Computed<T>>;

/// An input of a call in T.
template <class T>
struct Input {
  const void* data;
  bool wide;  // a float32 beside small floats

  explicit Input(const View& view) : data(view.data), wide(view.dtype != dtype_of<T>) {}
  __device__ X<T> operator[](std::int64_t i) const {
    if constexpr (!std::is_same_v<T, Computed<T>>)
      if (wide) return X<T>(static_cast<const float*>(data)[i]);
    return X<T>(static_cast<const T*>(data)[i]);
  }
};

/// A bool as a number.
template <class T>
struct Condition {
  const Raw<bool>* data;

  explicit Condition(const View& view) : data(data_of<Raw<bool>>(view)) {}
  __device__ X<T> operator[](std::int64_t i) const { return X<T>(data[i]); }
};

template <class Op, class T>
struct One {
  T* y;
  const T* x;
  using Loaded = X<T>;
  __device__ Loaded load(const Offsets<2>& at) const { return X<T>(x[at[1]]); }
  __device__ void store(const Offsets<2>& at, Loaded v) const { y[at[0]] = Op::value(v).template as<T>(); }
};

template <class Op, class T>
struct Two {
  T* y;
  Input<T> a, b;
  struct Loaded {
    X<T> a, b;
  };
  __device__ Loaded load(const Offsets<3>& at) const { return {a[at[1]], b[at[2]]}; }
  __device__ void store(const Offsets<3>& at, const Loaded& v) const {
    y[at[0]] = Op::value(v.a, v.b).template as<T>();
  }
};

template <class Op, class T>
struct Three {
  T* y;
  std::conditional_t<Op::first_is_condition, Condition<T>, Input<T>> a;
  Input<T> b, c;
  struct Loaded {
    X<T> a, b, c;
  };
  __device__ Loaded load(const Offsets<4>& at) const { return {a[at[1]], b[at[2]], c[at[3]]}; }
  __device__ void store(const Offsets<4>& at, const Loaded& v) const {
    y[at[0]] = Op::value(v.a, v.b, v.c).template as<T>();
  }
};

/// All comparisons in one kernel, which asks for each element which it is: all threads take the same way.
template <class T>
struct Compare {
  Raw<bool>* y;
  Operation operation;
  Input<T> a, b;
  struct Loaded {
    X<T> a, b;
  };
  __device__ Loaded load(const Offsets<3>& at) const { return {a[at[1]], b[at[2]]}; }
  __device__ void store(const Offsets<3>& at, const Loaded& v) const { y[at[0]] = holds(Comparisons{}, v); }

 private:
  template <class... Op>
  __device__ bool holds(TypeList<Op...>, const Loaded& v) const {
    return ((operation == Op::forward && Op::value(v.a, v.b).value != 0) || ...);
  }
};

/// grad_x -> grad_y, v, as an operation of two inputs.
template <class Op>
struct Gradient {
  template <class X>
  __device__ static X value(X g, X v) {
    return gradient<Op>(g, v);
  }
};

template <class Op, class T>
void one_input(Context& context, const KernelCall& call) {
  const View &y = call.operands[0], &x = call.operands[1];
  run_elementwise<2>(context, {&y, &x}, One<Op, T>{data_of<T>(y), data_of<T>(x)});
}

template <class Op, class T>
void two_inputs(Context& context, const KernelCall& call) {
  const View &y = call.operands[0], &a = call.operands[1], &b = call.operands[2];
  run_elementwise<3>(context, {&y, &a, &b}, Two<Op, T>{data_of<T>(y), Input<T>(a), Input<T>(b)});
}

template <class T>
void comparison(Context& context, const KernelCall& call) {
  const View &y = call.operands[0], &a = call.operands[1], &b = call.operands[2];
  run_elementwise<3>(context, {&y, &a, &b},
                     Compare<T>{data_of<Raw<bool>>(y), call.operation, Input<T>(a), Input<T>(b)});
}

template <class Op, class T>
void three_inputs(Context& context, const KernelCall& call) {
  using Body = Three<Op, T>;
  const View &y = call.operands[0], &a = call.operands[1], &b = call.operands[2], &c = call.operands[3];
  run_elementwise<4>(context, {&y, &a, &b, &c}, Body{data_of<T>(y), decltype(Body::a)(a), Input<T>(b), Input<T>(c)});
}

// Entering them, for each type of an operation's list.

template <class Op>
struct EnterUnary {
  KernelTable& table;
  template <class T>
  void operator()() const {
    if constexpr (Op::takes_integers || !std::is_integral_v<T>) table.set<T>(Op::forward, one_input<Op, T>);
    if constexpr (!std::is_integral_v<T>) table.set<T>(Op::backward, two_inputs<Gradient<Op>, T>);
  }
};

template <class Op>
struct EnterBinary {
  KernelTable& table;
  template <class T>
  void operator()() const {
    if constexpr (Op::takes_integers || !std::is_integral_v<T>) table.set<T>(Op::forward, two_inputs<Op, T>);
  }
};

template <class Op>
struct EnterComparison {
  KernelTable& table;
  template <class T>
  void operator()() const {
    table.set<T>(Op::forward, comparison<T>);
  }
};

template <class Op>
struct EnterTernary {
  KernelTable& table;
  template <class T>
  void operator()() const {
    if constexpr (Op::takes_integers || !std::is_integral_v<T>) table.set<T>(Op::forward, three_inputs<Op, T>);
  }
};

template <template <class Op> class Enter>
struct EnterAll {
  KernelTable& table;
  template <class Op>
  void operator()() const {
    for_each_type(ArithmeticTypes{}, Enter<Op>{table});
  }
};

}  // namespace

void add_elementwise_kernels(KernelTable& table) {
  for_each_type(UnaryOperations{}, EnterAll<EnterUnary>{table});
  for_each_type(BinaryOperations{}, EnterAll<EnterBinary>{table});
  for_each_type(Comparisons{}, EnterAll<EnterComparison>{table});
  for_each_type(TernaryOperations{}, EnterAll<EnterTernary>{table});
}

}  // namespace cairn::cuda
