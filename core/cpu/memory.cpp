// Filling, copying and converting.
//
// A conversion goes through a block of doubles (from floating types: every one of them fits exactly) or of int64 (from
// whole ones), so that n types need n loaders and n storers, not n² loops. What does not fit converts as PyTorch's does on
// x86-64: a float beyond the integer's range, or NaN, becomes its smallest value; narrow integers wrap.

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

// Into a block.

template <class T>
double to_double(const T& value) {
  if constexpr (is_complex<T>) return reinterpret_cast<const float*>(&value)[0];
  else if constexpr (sizeof(T) <= 2) return static_cast<double>(static_cast<float>(value));
  else return static_cast<double>(value);
}

template <class T>
void load_block(double* to, const T* from, std::int64_t stride, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = to_double(from[i * stride]);
}
template <class T>
void load_block(std::int64_t* to, const T* from, std::int64_t stride, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = static_cast<std::int64_t>(from[i * stride]);
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
  if constexpr (std::is_same_v<T, bool>) return value != 0;
  else if constexpr (std::is_same_v<T, double>) return value;
  else if constexpr (std::is_same_v<T, float>) return static_cast<float>(value);
  else if constexpr (is_complex<T>) { const float parts[2] = {static_cast<float>(value), 0}; T made; std::memcpy(&made, parts, sizeof made); return made; }
  else if constexpr (std::is_same_v<T, std::int64_t> || std::is_same_v<T, std::uint8_t>) return static_cast<T>(truncated(value));
  else if constexpr (is_whole<T>) return static_cast<T>(truncated_to_32(value));
  else return T(static_cast<float>(value));
}
template <class T>
T converted(std::int64_t value) {
  if constexpr (std::is_same_v<T, bool>) return value != 0;
  else if constexpr (is_whole<T> || std::is_same_v<T, double> || std::is_same_v<T, float>) return static_cast<T>(value);
  else if constexpr (is_complex<T>) return converted<T>(static_cast<double>(static_cast<float>(value)));
  else return T(static_cast<float>(value));
}

template <class To, class From, class Between>
void convert(const Rows<2>& rows, To* y, const From* x) {
  const std::int64_t sy = rows.stride(0), sx = rows.stride(1);
  rows.run([&](const std::int64_t (&at)[2], std::int64_t count) {
    Between between[block];
    for (std::int64_t i = 0; i < count; i += block) {
      const std::int64_t n = count - i < block ? count - i : block;
      const From* from = x + at[1] + i * sx;
      To* to = y + at[0] + i * sy;
      load_block(between, from, sx, n);
      if constexpr (is_complex<From> && std::is_same_v<To, bool>) {  // true where either part is
        for (std::int64_t j = 0; j < n; ++j) between[j] = between[j] != 0 || reinterpret_cast<const float*>(from + j * sx)[1] != 0;
      }
      for (std::int64_t j = 0; j < n; ++j) to[j * sy] = converted<To>(between[j]);
    }
  });
}

template <class Bits>
void copy_same(const Rows<2>& rows, Bits* y, const Bits* x) {
  const std::int64_t sy = rows.stride(0), sx = rows.stride(1);
  rows.run([&](const std::int64_t (&at)[2], std::int64_t count) {
    if (sy == 1 && sx == 1) std::memmove(y + at[0], x + at[1], static_cast<std::size_t>(count) * sizeof(Bits));
    else for (std::int64_t i = 0; i < count; ++i) y[at[0] + i * sy] = x[at[1] + i * sx];
  });
}

/// Bits of the size of a T, to move them without looking at them.
template <class T>
using BitsOf = std::conditional_t<sizeof(T) == 1, std::uint8_t,
                                  std::conditional_t<sizeof(T) == 2, std::uint16_t, std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;

template <class To>
void copy(const KernelCall& call) {
  const View &y = call.operands[0], &x = call.operands[1];
  const Rows<2> rows({&y, &x});
  if (x.dtype == y.dtype) return copy_same(rows, data_of<BitsOf<To>>(y), data_of<BitsOf<To>>(x));
  for_each_type(Elements{}, [&]<class From>() {
    if (dtype_of<From> != x.dtype) return;
    using Between = std::conditional_t<is_whole<From>, std::int64_t, double>;
    if constexpr (!std::is_same_v<From, To>) convert<To, From, Between>(rows, data_of<To>(y), data_of<From>(x));
  });
}

template <class T>
void fill(const KernelCall& call) {
  const auto& attributes = *static_cast<const FillAttributes*>(call.attributes);
  const T value = is_whole<T> && static_cast<double>(attributes.integer) == attributes.floating ? converted<T>(attributes.integer) : converted<T>(attributes.floating);
  BitsOf<T> bits;
  std::memcpy(&bits, &value, sizeof bits);
  BitsOf<T>* y = data_of<BitsOf<T>>(call.operands[0]);
  const Rows<1> rows({&call.operands[0]});
  const std::int64_t stride = rows.stride(0);
  rows.run([&](const std::int64_t (&at)[1], std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) y[at[0] + i * stride] = bits;
  });
}

}  // namespace

void add_memory_kernels(KernelTable& table) {
  for_each_type(Elements{}, [&]<class T>() {
    table.set<T>(Operation::copy, copy<T>);
    table.set<T>(Operation::fill, fill<T>);
  });
}

}  // namespace cairn
