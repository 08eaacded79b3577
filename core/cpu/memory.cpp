// Filling, copying and converting.
//
// A conversion goes through a block of doubles (from floating types: every one of them fits exactly) or of int64 (from
// whole ones), so that n types need n loaders and n storers, not n² loops. What does not fit converts as PyTorch's does
// on x86-64: a float beyond the integer's range, or NaN, becomes its smallest value; narrow integers wrap.

#include <cairn/core/cpu/rows.h>

#include <complex>
#include <cstring>

namespace cairn {
namespace {

constexpr std::int64_t block = 256;

template <class T>
constexpr bool is_whole = Element<T>::category <= DTypeCategory::integer;
template <class T>
constexpr bool is_complex = Element<T>::category == DTypeCategory::complex;

// Into a block, from `count` elements `stride` apart.

template <class T>
double to_double(const T& value) {
  if constexpr (is_complex<T>)
    return reinterpret_cast<const float*>(&value)[0];
  else if constexpr (sizeof(T) <= 2)
    return static_cast<double>(static_cast<float>(value));
  else
    return static_cast<double>(value);
}

/// What lies between: whole types meet in int64, the others in double.
template <class From>
using Between = std::conditional_t<is_whole<From>, std::int64_t, double>;

template <class From>
void load_block(void* to, const void* from, std::int64_t stride, std::int64_t count) {
  auto* between = static_cast<Between<From>*>(to);
  const auto* x = static_cast<const From*>(from);
  for (std::int64_t i = 0; i < count; ++i) {
    if constexpr (std::is_same_v<From, bool>)  // as bytes: those of a file may be neither 0 nor 1
      between[i] = static_cast<const unsigned char*>(from)[i * stride] != 0;
    else if constexpr (is_whole<From>)
      between[i] = static_cast<std::int64_t>(x[i * stride]);
    else
      between[i] = to_double(x[i * stride]);
  }
}

/// A complex number as a bool: true where either part is.
void load_truth(void* to, const void* from, std::int64_t stride, std::int64_t count) {
  auto* between = static_cast<double*>(to);
  const auto* parts = static_cast<const float*>(from);
  for (std::int64_t i = 0; i < count; ++i) between[i] = parts[2 * i * stride] != 0 || parts[2 * i * stride + 1] != 0;
}

// Out of a block.

inline std::int64_t truncated(double value) {
  constexpr double limit = 9223372036854775808.0;  // 2^63
  return value >= -limit && value < limit ? static_cast<std::int64_t>(value) : INT64_MIN;
}
inline std::int32_t truncated_to_32(double value) {
  return value > -2147483649.0 && value < 2147483648.0 ? static_cast<std::int32_t>(value) : INT32_MIN;
}

template <class T>
T converted(double value) {
  if constexpr (std::is_same_v<T, bool>)
    return value != 0;
  else if constexpr (std::is_same_v<T, double>)
    return value;
  else if constexpr (std::is_same_v<T, float>)
    return static_cast<float>(value);
  else if constexpr (is_complex<T>) {
    const float parts[2] = {static_cast<float>(value), 0};
    T made;
    std::memcpy(&made, parts, sizeof made);
    return made;
  } else if constexpr (std::is_same_v<T, std::int64_t> || std::is_same_v<T, std::uint8_t>)
    return static_cast<T>(truncated(value));
  else if constexpr (is_whole<T>)
    return static_cast<T>(truncated_to_32(value));
  else
    return T(static_cast<float>(value));
}
template <class T>
T converted(std::int64_t value) {
  if constexpr (std::is_same_v<T, bool>)
    return value != 0;
  else if constexpr (is_whole<T> || std::is_same_v<T, double> || std::is_same_v<T, float>)
    return static_cast<T>(value);
  else if constexpr (is_complex<T>)
    return converted<T>(static_cast<double>(static_cast<float>(value)));
  else
    return T(static_cast<float>(value));
}

template <class To, class Between>
void store_block(void* to, std::int64_t stride, const void* block, std::int64_t count) {
  auto* y = static_cast<To*>(to);
  const auto* between = static_cast<const Between*>(block);
  for (std::int64_t i = 0; i < count; ++i) y[i * stride] = converted<To>(between[i]);
}

// Both together.

using Load = void (*)(void* block, const void* from, std::int64_t stride, std::int64_t count);
using Store = void (*)(void* to, std::int64_t stride, const void* block, std::int64_t count);

void convert(const View& y, const View& x, Load load, Store store) {
  const Rows<2> rows({&y, &x});
  const std::int64_t sy = rows.stride(0), sx = rows.stride(1);
  const auto y_size = static_cast<std::int64_t>(size_of(y.dtype)), x_size = static_cast<std::int64_t>(size_of(x.dtype));
  rows.run([&](const std::int64_t(&at)[2], std::int64_t count) {
    double between[block];  // or int64
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

/// Bits of the size of a T, to move them without looking at them.
template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 1, std::uint8_t,
                                  std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                                     std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;

void copy(const KernelCall& call) {
  const View &y = call.operands[0], &x = call.operands[1];
  if (x.dtype == y.dtype) return visit(y.dtype, [&]<class T>() { copy_same<BitsOf<T>>(y, x); });
  Load load = nullptr;
  bool whole = false;
  visit(x.dtype, [&]<class From>() {
    load = is_complex<From> && y.dtype == DType::boolean ? load_truth : load_block<From>;
    whole = is_whole<From>;
  });
  visit(y.dtype,
        [&]<class To>() { convert(y, x, load, whole ? store_block<To, std::int64_t> : store_block<To, double>); });
}

template <class T>
void fill(const KernelCall& call) {
  const auto& attributes = *static_cast<const FillAttributes*>(call.attributes);
  const T value = is_whole<T> && static_cast<double>(attributes.integer) == attributes.floating
                      ? converted<T>(attributes.integer)
                      : converted<T>(attributes.floating);
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
