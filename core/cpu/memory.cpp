// Filling, copying and converting (convert.h has the rules).
//
// A conversion goes through a block of what lies between, so that n types need n loaders and 3 n storers, not n² loops.

#include <cairn/core/convert.h>
#include <cairn/core/cpu/rows.h>

#include <cstring>

namespace cairn {
namespace {

constexpr std::int64_t block = 256;

/// Into a block, from `count` elements `stride` apart.
template <class From, class Computed = Between<From>, bool truth = false>
void load_block(void* to, const void* from, std::int64_t stride, std::int64_t count) {
  auto* computed = static_cast<Computed*>(to);
  const auto* x = static_cast<const Raw<From>*>(from);
  for (std::int64_t i = 0; i < count; ++i) computed[i] = converted<Computed>(widened<From>(x[i * stride], truth));
}

/// Out of a block.
template <class To, class Between>
void store_block(void* to, std::int64_t stride, const void* block, std::int64_t count) {
  auto* y = static_cast<Raw<To>*>(to);
  const auto* between = static_cast<const Between*>(block);
  for (std::int64_t i = 0; i < count; ++i) y[i * stride] = converted<To>(between[i]);
}

void convert(const View& y, const View& x, CairnLoadBlock load, CairnStoreBlock store) {
  const Rows<2> rows({&y, &x});
  const std::int64_t sy = rows.stride(0), sx = rows.stride(1);
  const auto y_size = static_cast<std::int64_t>(size_of(y.dtype)), x_size = static_cast<std::int64_t>(size_of(x.dtype));
  rows.run([&](const std::int64_t(&at)[2], std::int64_t count) {
    alignas(std::int64_t) unsigned char between[block * sizeof(std::int64_t)];
    for (std::int64_t i = 0; i < count; i += block) {
      const std::int64_t n = count - i < block ? count - i : block;
      load(between, data_of<const char>(x) + (at[1] + i * sx) * x_size, sx, n);
      store(data_of<char>(y) + (at[0] + i * sy) * y_size, sy, between, n);
    }
  });
}

template <class Bits>
void copy_same(const View& view_y, const View& view_x) {
  const Rows<2> rows({&view_y, &view_x});
  Bits* y = data_of<Bits>(view_y);
  const Bits* x = data_of<Bits>(view_x);
  const std::int64_t sy = rows.stride(0), sx = rows.stride(1);
  rows.run([&](const std::int64_t(&at)[2], std::int64_t count) {
    if (sy == 1 && sx == 1)
      std::memmove(y + at[0], x + at[1], static_cast<std::size_t>(count) * sizeof(Bits));
    else
      for (std::int64_t i = 0; i < count; ++i) y[at[0] + i * sy] = x[at[1] + i * sx];
  });
}

template <class Bits>
void fill_same(const View& view, const void* value) {
  Bits bits;
  std::memcpy(&bits, value, sizeof bits);
  const Rows<1> rows({&view});
  Bits* y = data_of<Bits>(view);
  const std::int64_t stride = rows.stride(0);
  rows.run([&](const std::int64_t(&at)[1], std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) y[at[0] + i * stride] = bits;
  });
}

void copy(const KernelCall& call) {
  const View &y = call.operands[0], &x = call.operands[1];
  if (x.dtype == y.dtype) return visit(y.dtype, [&]<class T>() { copy_same<BitsOf<T>>(y, x); });
  CairnLoadBlock load = nullptr;
  CairnStoreBlock store = nullptr;
  visit(x.dtype, [&]<class From>() {
    using Value = Between<From>;
    load = is_complex<From> && y.dtype == DType::boolean ? load_block<From, Value, is_complex<From>> : load_block<From>;
    store = cairn_kernel_store_block(y.dtype, dtype_of<Value>);
  });
  convert(y, x, load, store);
}

template <class T>
void fill(const KernelCall& call) {
  const Raw<T> value = filling<T>(*static_cast<const FillAttributes*>(call.attributes));
  fill_same<BitsOf<T>>(call.operands[0], &value);
}

}  // namespace

void add_memory_kernels(KernelTable& table) {
  for_each_type(Elements{}, [&]<class T>() {
    table.set<T>(Operation::copy, copy);
    table.set<T>(Operation::fill, fill<T>);
  });
}

}  // namespace cairn

CairnLoadBlock cairn_kernel_load_block(cairn::DType from, cairn::DType computed) {
  using namespace cairn;
  CairnLoadBlock load = nullptr;
  visit(from, [&]<class From>() {
    load = computed == DType::float32   ? load_block<From, float>
           : computed == DType::float64 ? load_block<From, double>
                                        : load_block<From, std::int64_t>;
  });
  return load;
}

CairnStoreBlock cairn_kernel_store_block(cairn::DType to, cairn::DType computed) {
  using namespace cairn;
  CairnStoreBlock store = nullptr;
  visit(to, [&]<class To>() {
    store = computed == DType::float32   ? store_block<To, float>
            : computed == DType::float64 ? store_block<To, double>
                                         : store_block<To, std::int64_t>;
  });
  return store;
}
