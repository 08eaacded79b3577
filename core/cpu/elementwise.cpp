// The kernels of elementwise.h's operations: loops over rows of float, double or int64, and one driver for them all.
//
//   float16 a, b  ──load a block──►  float[256], float[256]  ──row kernel──►  float[256]  ──store──►  float16 y
//   float a, b    ─────────────────────────────────────────►  row kernel  ──►  bool[..]   (through a block)
//
// Whatever is not stored as the type that is computed in goes through blocks, small enough to stay in the first cache:
// the small floats, which are computed with as float and rounded once; the bool that a comparison gives; the condition
// of `where`; and a number of more digits beside a tensor of small floats.

#include <cairn/core/convert.h>
#include <cairn/core/cpu/packet.h>
#include <cairn/core/cpu/rows.h>
#include <cairn/core/elementwise.h>

namespace cairn {
namespace {

/// Part of a row, as the type that is computed in; the stride counts elements.
struct RowOperand {
  void* data;
  std::int64_t stride;

  template <class T>
  T* as() const {
    return static_cast<T*>(data);
  }
};

/// The operation on `count` elements of a row: outputs first, then inputs.
using RowKernel = void (*)(const RowOperand* operands, std::int64_t count);

RowKernel row_kernels[operation_count][dtype_count];

// Rows that lie side by side go by whole packets; what is left of them, and all others, by the general load and store.
template <class T>
constexpr int size = Packet<T>::size;

template <class Op, class T>
void unary(const RowOperand* operands, std::int64_t count) {
  T* y = operands[0].as<T>();
  const T* x = operands[1].as<T>();
  const std::int64_t sy = operands[0].stride, sx = operands[1].stride;
  std::int64_t i = 0;
  if (sy == 1 && sx == 1)
    for (; i + size<T> <= count; i += size<T>) store(y + i, Op::value(load(x + i)));
  for (; i < count; i += size<T>) store(y + i * sy, sy, count - i, Op::value(load(x + i * sx, sx, count - i)));
}

/// y -> a, b, computed by f.
template <class T, class F>
[[gnu::always_inline]] inline void binary_loop(const RowOperand* operands, std::int64_t count, F f) {
  T* y = operands[0].as<T>();
  const T *a = operands[1].as<T>(), *b = operands[2].as<T>();
  const std::int64_t sy = operands[0].stride, sa = operands[1].stride, sb = operands[2].stride;
  std::int64_t i = 0;
  if (sy == 1 && sa == 1 && sb == 1)
    for (; i + size<T> <= count; i += size<T>) store(y + i, f(load(a + i), load(b + i)));
  for (; i < count; i += size<T>)
    store(y + i * sy, sy, count - i, f(load(a + i * sa, sa, count - i), load(b + i * sb, sb, count - i)));
}

/// grad_x -> grad_y, v
template <class Op, class T>
void unary_backward(const RowOperand* operands, std::int64_t count) {
  binary_loop<T>(operands, count, [](Packet<T> g, Packet<T> v) { return gradient<Op>(g, v); });
}

template <class Op, class T>
void binary(const RowOperand* operands, std::int64_t count) {
  binary_loop<T>(operands, count, [](Packet<T> a, Packet<T> b) { return Op::value(a, b); });
}

template <class Op, class T>
void ternary(const RowOperand* operands, std::int64_t count) {
  T* y = operands[0].as<T>();
  const T *a = operands[1].as<T>(), *b = operands[2].as<T>(), *c = operands[3].as<T>();
  const std::int64_t sy = operands[0].stride, sa = operands[1].stride, sb = operands[2].stride, sc = operands[3].stride;
  for (std::int64_t i = 0, left = count; i < count; i += size<T>, left -= size<T>)
    store(y + i * sy, sy, left,
          Op::value(load(a + i * sa, sa, left), load(b + i * sb, sb, left), load(c + i * sc, sc, left)));
}

// The driver.

constexpr std::int64_t block = 256;

/// The type that is computed in.
DType computed_dtype(DType dtype) {
  return dtype == DType::float16 || dtype == DType::bfloat16 ? DType::float32 : dtype;
}

/// `count` elements of a row through blocks. `rows[k]` holds operand k as it is stored.
template <int operands>
void run_blocks(const KernelCall& call, DType computed, RowKernel kernel, const RowOperand (&rows)[operands],
                std::int64_t count) {
  alignas(64) unsigned char blocks[operands][block * sizeof(std::int64_t)];
  for (std::int64_t first = 0; first < count; first += block) {
    const std::int64_t n = count - first < block ? count - first : block;
    RowOperand parts[operands];
    for (int k = 0; k < operands; ++k) {
      const DType dtype = call.operands[k].dtype;
      const std::int64_t stride = rows[k].stride;
      void* from = static_cast<char*>(rows[k].data) + first * stride * static_cast<std::int64_t>(size_of(dtype));
      parts[k] = {from, stride};
      if (dtype == computed) continue;
      parts[k] = {blocks[k], k == 0 || stride != 0};
      if (k > 0) cairn_kernel_load_block(dtype, computed)(blocks[k], from, stride, stride == 0 ? 1 : n);
    }
    kernel(parts, n);
    const DType stored = call.operands[0].dtype;
    if (stored == computed) continue;
    void* to = static_cast<char*>(rows[0].data) + first * rows[0].stride * static_cast<std::int64_t>(size_of(stored));
    cairn_kernel_store_block(stored, computed)(to, rows[0].stride, blocks[0], n);
  }
}

template <int operands>
void run_rows(const KernelCall& call, const View* const (&views)[operands]) {
  const DType computed = computed_dtype(call.dtype);
  const RowKernel kernel = row_kernels[static_cast<int>(call.operation)][static_cast<int>(computed)];
  bool all_computed = true;
  for (const View* view : views) all_computed = all_computed && view->dtype == computed;
  const Rows<operands> rows(views);
  rows.run([&](const std::int64_t(&at)[operands], std::int64_t count) {
    RowOperand row[operands];
    for (int k = 0; k < operands; ++k) {
      const auto bytes = static_cast<std::int64_t>(size_of(views[k]->dtype));
      row[k] = {data_of<char>(*views[k]) + at[k] * bytes, rows.stride(k)};
    }
    if (all_computed)
      kernel(row, count);
    else
      run_blocks<operands>(call, computed, kernel, row, count);
  });
}

void run_elementwise(const KernelCall& call) {
  const View* views = call.operands;
  switch (call.count) {
    case 2:
      return run_rows<2>(call, {&views[0], &views[1]});
    case 3:
      return run_rows<3>(call, {&views[0], &views[1], &views[2]});
    default:
      return run_rows<4>(call, {&views[0], &views[1], &views[2], &views[3]});
  }
}

template <class T>
void enter(KernelTable& table, Operation operation, RowKernel kernel) {
  row_kernels[static_cast<int>(operation)][static_cast<int>(dtype_of<T>)] = kernel;
  table.set<T>(operation, run_elementwise);
  if constexpr (std::is_same_v<T, float>) {
    table.set<float16>(operation, run_elementwise);
    table.set<bfloat16>(operation, run_elementwise);
  }
}

}  // namespace

void add_elementwise_kernels(KernelTable& table) {
  for_each_type(ArithmeticTypes{}, [&]<class T>() {
    for_each_type(UnaryOperations{}, [&]<class Op>() {
      if constexpr (Op::takes_integers || !std::is_integral_v<T>) enter<T>(table, Op::forward, unary<Op, T>);
      if constexpr (!std::is_integral_v<T>) enter<T>(table, Op::backward, unary_backward<Op, T>);
    });
    for_each_type(BinaryOperations{}, [&]<class Op>() {
      if constexpr (Op::takes_integers || !std::is_integral_v<T>) enter<T>(table, Op::forward, binary<Op, T>);
    });
    for_each_type(Comparisons{}, [&]<class Op>() { enter<T>(table, Op::forward, binary<Op, T>); });
    for_each_type(TernaryOperations{}, [&]<class Op>() {
      if constexpr (Op::takes_integers || !std::is_integral_v<T>) enter<T>(table, Op::forward, ternary<Op, T>);
    });
  });
}

}  // namespace cairn
