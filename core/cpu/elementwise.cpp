// The kernels of elementwise.h's operations.

#include <cairn/core/cpu/packet.h>
#include <cairn/core/cpu/rows.h>
#include <cairn/core/elementwise.h>

namespace cairn {
namespace {

// Rows that lie side by side go by whole packets; what is left of them, and all others, by the general load and store.
template <class T>
constexpr int size = Packet<T>::size;

template <class Op, class T>
void unary(const KernelCall& call) {
  T* y = data_of<T>(call.operands[0]);
  const T* x = data_of<T>(call.operands[1]);
  const Rows<2> rows({&call.operands[0], &call.operands[1]});
  const std::int64_t sy = rows.stride(0), sx = rows.stride(1);
  rows.run([&](const std::int64_t(&at)[2], std::int64_t count) {
    std::int64_t i = 0;
    if (sy == 1 && sx == 1)
      for (; i + size<T> <= count; i += size<T>) store(y + at[0] + i, Op::value(load(x + at[1] + i)));
    for (; i < count; i += size<T>) {
      store(y + at[0] + i * sy, sy, count - i, Op::value(load(x + at[1] + i * sx, sx, count - i)));
    }
  });
}

/// grad_x -> grad_y, x, y; the slope needs one of x and y, and the other is absent.
template <class Op, class T>
void unary_backward(const KernelCall& call) {
  const View& known = call.operands[Op::slope_is == Slope::of_output ? 3 : Op::slope_is == Slope::of_input ? 2 : 1];
  T* gx = data_of<T>(call.operands[0]);
  const T* gy = data_of<T>(call.operands[1]);
  const T* xy = data_of<T>(known);
  const Rows<3> rows({&call.operands[0], &call.operands[1], &known});
  const std::int64_t sgx = rows.stride(0), sgy = rows.stride(1), sxy = rows.stride(2);
  rows.run([&](const std::int64_t(&at)[3], std::int64_t count) {
    std::int64_t i = 0;
    if (sgx == 1 && sgy == 1 && sxy == 1)
      for (; i + size<T> <= count; i += size<T>)
        store(gx + at[0] + i, gradient<Op>(load(gy + at[1] + i), load(xy + at[2] + i)));
    for (; i < count; i += size<T>) {
      const Packet<T> g = load(gy + at[1] + i * sgy, sgy, count - i), v = load(xy + at[2] + i * sxy, sxy, count - i);
      store(gx + at[0] + i * sgx, sgx, count - i, gradient<Op>(g, v));
    }
  });
}

template <class Op, class T>
void binary(const KernelCall& call) {
  T* y = data_of<T>(call.operands[0]);
  const T* a = data_of<T>(call.operands[1]);
  const T* b = data_of<T>(call.operands[2]);
  const Rows<3> rows({&call.operands[0], &call.operands[1], &call.operands[2]});
  const std::int64_t sy = rows.stride(0), sa = rows.stride(1), sb = rows.stride(2);
  rows.run([&](const std::int64_t(&at)[3], std::int64_t count) {
    std::int64_t i = 0;
    if (sy == 1 && sa == 1 && sb == 1)
      for (; i + size<T> <= count; i += size<T>)
        store(y + at[0] + i, Op::value(load(a + at[1] + i), load(b + at[2] + i)));
    for (; i < count; i += size<T>) {
      store(y + at[0] + i * sy, sy, count - i,
            Op::value(load(a + at[1] + i * sa, sa, count - i), load(b + at[2] + i * sb, sb, count - i)));
    }
  });
}

}  // namespace

void add_elementwise_kernels(KernelTable& table) {
  for_each_type(UnaryOperations{}, [&]<class Op>() {
    for_each_type(FloatTypes{}, [&]<class T>() {
      table.set<T>(Op::forward, unary<Op, T>);
      table.set<T>(Op::backward, unary_backward<Op, T>);
    });
    if constexpr (Op::takes_integers) table.set<std::int64_t>(Op::forward, unary<Op, std::int64_t>);
  });
  for_each_type(BinaryOperations{}, [&]<class Op>() {
    for_each_type(FloatTypes{}, [&]<class T>() { table.set<T>(Op::forward, binary<Op, T>); });
    if constexpr (Op::takes_integers) table.set<std::int64_t>(Op::forward, binary<Op, std::int64_t>);
  });
}

}  // namespace cairn
