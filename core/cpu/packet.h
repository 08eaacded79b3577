// A packet: as many numbers as one register of this instruction set holds, with the operators that elementwise.h wants.
//
// Every element of a result is computed by the packet instructions, also the last few of a row and those that lie apart
// in memory: they are gathered into a packet first. So a value depends on its operands alone, never on where it stands.
#pragma once

#include <Eigen/Core>
#include <cstdint>

#include <cairn/core/number.h>

namespace cairn {

template <class T>
struct Mask;

template <class T>
struct Packet {
  using Register = typename Eigen::internal::packet_traits<T>::type;
  static constexpr int size = Eigen::internal::unpacket_traits<Register>::size;

  Register value;

  Packet() = default;
  template <class Number>
  requires std::is_arithmetic_v<Number>
  explicit Packet(Number number) : value(Eigen::internal::pset1<Register>(static_cast<T>(number))) {}
  static Packet of(Register value) {
    Packet packet;
    packet.value = value;
    return packet;
  }

  friend Packet operator+(Packet a, Packet b) { return of(Eigen::internal::padd(a.value, b.value)); }
  friend Packet operator-(Packet a, Packet b) { return of(Eigen::internal::psub(a.value, b.value)); }
  friend Packet operator*(Packet a, Packet b) { return of(Eigen::internal::pmul(a.value, b.value)); }
  friend Packet operator/(Packet a, Packet b) { return of(Eigen::internal::pdiv(a.value, b.value)); }
  /// The sign turned, also of 0: Eigen's pnegate for AVX-512 subtracts from 0.
  friend Packet operator-(Packet a) { return of(Eigen::internal::pxor(a.value, Packet(T(-0.0)).value)); }
};

// Whole numbers wrap around, as PyTorch's do; Eigen has no packets of 64-bit ones.
template <>
struct Packet<std::int64_t> {
  static constexpr int size = 1;
  std::int64_t value;

  Packet() = default;
  template <class Number>
  requires std::is_arithmetic_v<Number>
  explicit Packet(Number number) : value(static_cast<std::int64_t>(number)) {}

  static Packet wrapped(std::uint64_t bits) { return Packet(static_cast<std::int64_t>(bits)); }
  std::uint64_t bits() const { return static_cast<std::uint64_t>(value); }
  friend Packet operator+(Packet a, Packet b) { return wrapped(a.bits() + b.bits()); }
  friend Packet operator-(Packet a, Packet b) { return wrapped(a.bits() - b.bits()); }
  friend Packet operator*(Packet a, Packet b) { return wrapped(a.bits() * b.bits()); }
  friend Packet operator-(Packet a) { return wrapped(0 - a.bits()); }
};

template <class T>
struct Mask {
  typename Packet<T>::Register value;
};
template <>
struct Mask<std::int64_t> {
  bool value;
};

template <class T>
Mask<T> less(Packet<T> a, Packet<T> b) {
  if constexpr (std::is_same_v<T, std::int64_t>)
    return {a.value < b.value};
  else
    return {Eigen::internal::pcmp_lt(a.value, b.value)};
}
template <class T>
Mask<T> equal(Packet<T> a, Packet<T> b) {
  if constexpr (std::is_same_v<T, std::int64_t>)
    return {a.value == b.value};
  else
    return {Eigen::internal::pcmp_eq(a.value, b.value)};
}
template <class T>
Packet<T> select(Mask<T> mask, Packet<T> a, Packet<T> b) {
  if constexpr (std::is_same_v<T, std::int64_t>)
    return mask.value ? a : b;
  else
    return Packet<T>::of(Eigen::internal::pselect(mask.value, a.value, b.value));
}
template <class T>
Packet<T> magnitude(Packet<T> x) {
  if constexpr (std::is_same_v<T, std::int64_t>)
    return x.value < 0 ? -x : x;
  else
    return Packet<T>::of(Eigen::internal::pabs(x.value));
}
/// Eigen's, far from 0 on a smaller number: it loses digits there (AVX-512), and has no subnormal results.
template <class T>
Packet<T> exp(Packet<T> x) {
  constexpr bool is_float = std::is_same_v<T, float>;
  const Mask<T> high = less(Packet<T>(is_float ? 60 : 709), x), low = less(x, Packet<T>(is_float ? -60 : -708));
  const Packet<T> near = select(high, x - Packet<T>(32), select(low, x + Packet<T>(64), x));
  const Packet<T> factor =
      select(high, Packet<T>(7.896296018268069e13), select(low, Packet<T>(1.603810890548638e-28), Packet<T>(1)));
  return Packet<T>::of(Eigen::internal::pexp(near.value)) * factor;
}
/// Eigen's, subnormal numbers made normal ones: log x = log(2^k x) - k log 2.
template <class T>
Packet<T> log(Packet<T> x) {
  constexpr bool is_float = std::is_same_v<T, float>;
  constexpr double smallest_normal = is_float ? 0x1p-126 : 0x1p-1022, scale = is_float ? 0x1p24 : 0x1p54;
  const Mask<T> low = less(x, Packet<T>(smallest_normal));
  const Packet<T> near = select(low, x * Packet<T>(scale), x);
  const Packet<T> above = select(low, Packet<T>((is_float ? 24 : 54) * 0.6931471805599453), Packet<T>(0));
  return Packet<T>::of(Eigen::internal::plog(near.value)) - above;
}
template <class T>
Packet<T> sqrt(Packet<T> x) {
  return Packet<T>::of(Eigen::internal::psqrt(x.value));
}

/// Near 0, where 1 - exp(-2|x|) would lose digits, x + x z P(z) / Q(z) with z = x² (Moshier, Cephes, 1989).
template <class T>
Packet<T> tanh(Packet<T> x) {
  using X = Packet<T>;
  const X e = exp(X(-2) * magnitude(x)), far = (X(1) - e) / (X(1) + e);
  const X z = x * x;
  const X p = (X(-9.64399179425052238628e-1) * z - X(9.92877231001918586564e1)) * z - X(1.61468768441708447952e3);
  const X q = ((z + X(1.12811678491632931402e2)) * z + X(2.23548839060100448583e3)) * z + X(4.84406305325125486048e3);
  const X near = x + x * z * (p / q);
  return select(equal(x, X(0)), x, select(less(magnitude(x), X(0.625)), near, select(less(x, X(0)), -far, far)));
}

// The C library's, number by number: nothing here is worth a polynomial of our own.
inline float each_erf(float x) { return __builtin_erff(x); }
inline double each_erf(double x) { return __builtin_erf(x); }
inline float each_pow(float base, float exponent) { return __builtin_powf(base, exponent); }
inline double each_pow(double base, double exponent) { return __builtin_pow(base, exponent); }

template <class T>
Packet<T> erf(Packet<T> x) {
  alignas(64) T lanes[Packet<T>::size];
  Eigen::internal::pstore(lanes, x.value);
  for (T& lane : lanes) lane = each_erf(lane);
  return Packet<T>::of(Eigen::internal::pload<typename Packet<T>::Register>(lanes));
}
template <class T>
Packet<T> pow(Packet<T> base, Packet<T> exponent) {
  if constexpr (std::is_same_v<T, std::int64_t>) {
    return Packet<T>(whole_power(base.value, exponent.value));
  } else {
    alignas(64) T lanes[Packet<T>::size], exponents[Packet<T>::size];
    Eigen::internal::pstore(lanes, base.value);
    Eigen::internal::pstore(exponents, exponent.value);
    for (int i = 0; i < Packet<T>::size; ++i) lanes[i] = each_pow(lanes[i], exponents[i]);
    return Packet<T>::of(Eigen::internal::pload<typename Packet<T>::Register>(lanes));
  }
}

/// a b + c, fused where this instruction set can.
template <class T>
Packet<T> multiply_add(Packet<T> a, Packet<T> b, Packet<T> c) {
  if constexpr (std::is_same_v<T, std::int64_t>)
    return a * b + c;
  else
    return Packet<T>::of(Eigen::internal::pmadd(a.value, b.value, c.value));
}
inline float multiply_add(float a, float b, float c) {
#ifdef __FMA__
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}
inline double multiply_add(double a, double b, double c) {
#ifdef __FMA__
  return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}
inline std::int64_t multiply_add(std::int64_t a, std::int64_t b, std::int64_t c) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b) +
                                   static_cast<std::uint64_t>(c));
}

/// Whether the instruction set reads and writes part of a register, and Eigen knows how.
template <class T>
inline constexpr bool has_masks =
    Eigen::internal::unpacket_traits<typename Packet<T>::Register>::masked_load_available&&
        Eigen::internal::unpacket_traits<typename Packet<T>::Register>::masked_store_available;
template <class T>
auto first_lanes(std::int64_t count) {
  return static_cast<typename Eigen::internal::unpacket_traits<typename Packet<T>::Register>::mask_t>((1u << count) -
                                                                                                      1);
}

/// A whole packet of numbers side by side.
template <class T>
Packet<T> load(const T* from) {
  if constexpr (std::is_same_v<T, std::int64_t>)
    return Packet<T>(*from);
  else
    return Packet<T>::of(Eigen::internal::ploadu<typename Packet<T>::Register>(from));
}
template <class T>
void store(T* to, Packet<T> packet) {
  if constexpr (std::is_same_v<T, std::int64_t>)
    *to = packet.value;
  else
    Eigen::internal::pstoreu(to, packet.value);
}

/// Less than a packet of numbers side by side, where the instruction set has masks.
template <class T>
Packet<T> load_masked(const T* from, std::int64_t count) {
  return Packet<T>::of(Eigen::internal::ploadu<typename Packet<T>::Register>(from, first_lanes<T>(count)));
}
template <class T>
void store_masked(T* to, std::int64_t count, Packet<T> packet) {
  Eigen::internal::pstoreu(to, packet.value, first_lanes<T>(count));
}

/// What `load` and `store` do with less than a packet, and with numbers that lie apart.
template <class T>
[[gnu::noinline]] Packet<T> load_part(const T* from, std::int64_t stride, std::int64_t count) {
  using Register = typename Packet<T>::Register;
  if constexpr (has_masks<T>) {
    if (stride == 1) return load_masked(from, count);
  }
  if (stride == 0) return Packet<T>(*from);
  alignas(64) T gathered[Packet<T>::size] = {};
  for (std::int64_t i = 0; i < count && i < Packet<T>::size; ++i) gathered[i] = from[i * stride];
  return Packet<T>::of(Eigen::internal::pload<Register>(gathered));
}
template <class T>
[[gnu::noinline]] void store_part(T* to, std::int64_t stride, std::int64_t count, Packet<T> packet) {
  if constexpr (has_masks<T>) {
    if (stride == 1) return store_masked(to, count, packet);
  }
  alignas(64) T scattered[Packet<T>::size];
  Eigen::internal::pstore(scattered, packet.value);
  for (std::int64_t i = 0; i < count && i < Packet<T>::size; ++i) to[i * stride] = scattered[i];
}

/// The next `count` numbers (at most a packet), `stride` apart; what is beyond is 0. A stride that the compiler knows
/// to be 1 costs no call.
template <class T>
[[gnu::always_inline]] inline Packet<T> load(const T* from, std::int64_t stride, std::int64_t count) {
  if constexpr (std::is_same_v<T, std::int64_t>) {
    return Packet<T>(*from);
  } else {
    if (stride == 1 && count >= Packet<T>::size) [[likely]]
      return load(from);
    if constexpr (has_masks<T>) {
      if (__builtin_constant_p(stride) && stride == 1) return load_masked(from, count);
    }
    return load_part(from, stride, count);
  }
}
template <class T>
[[gnu::always_inline]] inline void store(T* to, std::int64_t stride, std::int64_t count, Packet<T> packet) {
  if constexpr (std::is_same_v<T, std::int64_t>) {
    *to = packet.value;
  } else {
    if (stride == 1 && count >= Packet<T>::size) [[likely]]
      return store(to, packet);
    if constexpr (has_masks<T>) {
      if (__builtin_constant_p(stride) && stride == 1) return store_masked(to, count, packet);
    }
    store_part(to, stride, count, packet);
  }
}

}  // namespace cairn
