// What softmax and cross-entropy do with rows (softmax_formulas.h), several short ones at a time.
//
//   rows, wherever they lie ──centre──► row after row ──exp, one long run──► exponentials ──add──► a sum for each row
//
// Exponentials are most of the work. Row after row, short rows share packets: ten classes do not fill two of eight.
#pragma once

#include <cairn/core/cpu/kernel.h>
#include <cairn/core/cpu/packet.h>
#include <cairn/core/cpu/sum.h>
#include <cairn/core/softmax_formulas.h>

namespace cairn {

/// to[i] = f(from[i]..., constant) for numbers side by side, where f rounds alike in packets and in single numbers.
template <class T, class F, class... From>
void map_row(std::int64_t count, T* to, T constant, F&& f, const From*... from) {
  const Packet<T> constants(constant);
  std::int64_t i = 0;
  for (; i + Packet<T>::size <= count; i += Packet<T>::size) store(to + i, f(load(from + i)..., constants));
  for (; i < count; ++i) to[i] = f(from[i]..., constant);
}

/// The largest of `count` numbers side by side, at least a packet; a NaN may get lost.
template <class T>
T largest_of_many(const T* from, std::int64_t count) {
  Packet<T> largest = load(from);
  const auto take = [&](const T* next) {
    const Packet<T> value = load(next);
    largest = select(less(largest, value), value, largest);
  };
  std::int64_t i = Packet<T>::size;
  for (; i + Packet<T>::size <= count; i += Packet<T>::size) take(from + i);
  if (i < count) take(from + count - Packet<T>::size);
  T lanes[Packet<T>::size];
  store(lanes, largest);
  for (int lane = 1; lane < Packet<T>::size; ++lane) lanes[0] = lanes[lane] > lanes[0] ? lanes[lane] : lanes[0];
  return lanes[0];
}

/// As centre_row, for at least two packets side by side. Which of several equal largest numbers was found, 0 or -0,
/// changes no bit of what follows; nor does a NaN that got lost, which is still in the row.
template <class T>
[[gnu::noinline]] void centre_long_row(const T* from, std::int64_t count, T* to) {
  const auto centred = [](auto x, auto largest) { return x - largest; };
  map_row(count, to, largest_of_many(from, count), centred, from);
}

/// Writes a row, its numbers `stride` apart, to `to`, less its largest number.
template <class T>
inline void centre_row(const T* from, std::int64_t stride, std::int64_t count, T* to) {
  if (stride == 1 && count >= 2 * Packet<T>::size) return centre_long_row(from, count, to);
  T largest = count > 0 ? from[0] : T(0);
  for (std::int64_t c = 1; c < count; ++c) largest = larger_logit(largest, from[c * stride]);
  for (std::int64_t c = 0; c < count; ++c) to[c] = from[c * stride] - largest;
}

/// to[i] = exp(from[i]), every one by a packet. They may be the same.
template <class T>
void exponentials(std::int64_t count, const T* from, T* to) {
  for (std::int64_t i = 0; i < count; i += Packet<T>::size)
    store(to + i, 1, count - i, exp(load(from + i, 1, count - i)));
}

/// The sums of rows that lie row after row.
template <class T>
void sums_of_rows(std::int64_t rows, std::int64_t length, const T* from, T* sums) {
  for (std::int64_t row = 0; row < rows; ++row) {
    const T* terms = from + row * length;
    sums[row] = sum_of<T>(length, [&](std::int64_t c) { return terms[c]; });
  }
}

/// Centred rows, row after row, become their log-probabilities. `scratch` holds rows * (length + 1) numbers.
template <class T>
void log_softmax_of_centred(std::int64_t rows, std::int64_t length, T* centred, T* scratch) {
  T* sums = scratch + rows * length;
  exponentials(rows * length, centred, scratch);
  sums_of_rows(rows, length, scratch, sums);
  for (std::int64_t i = 0; i < rows; i += Packet<T>::size)
    store(sums + i, 1, rows - i, log(load(sums + i, 1, rows - i)));
  const auto value = [](auto x, auto log_sum) { return LogSoftmax::value(x, log_sum); };
  for (std::int64_t row = 0; row < rows; ++row)
    map_row(length, centred + row * length, sums[row], value, centred + row * length);
}

}  // namespace cairn
