// Logarithm, sine and cosine in double, with the last bit that the C library gives PyTorch.
//
// The C library's functions are off by at most 0.52 units in the last place, so now and then the last bit is not that
// of the nearest number. It depends on the machine which bit that is, unless everything is spelled out, as here: the
// methods are those of glibc 2.28 and later on x86-64 with fused multiply-add, and every fused operation is written as
// one.
//
//   logarithm      after Szabolcs Nagy, "Arm Optimized Routines", 2018
//   logarithm_1m   after Sun Microsystems, "fdlibm", 1993, log1p
//   sine_cosine    after IBM, "Accurate Mathematical Library", 2001
//
// The arguments are those that Box and Muller's transform has; nothing is done here for others.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include <cairn/core/random/float_functions.h>

namespace cairn {

/// 1/c and log c for the numbers c by which `logarithm` divides. They lie near the middle of the 128 intervals that 45
/// bits of a double make of [0.6875, 1.375), chosen so that log c is very nearly a multiple of 2^-43.
struct LogarithmTable {
  struct Entry {
    double reciprocal, logarithm;
  };
  Entry at[128];

  constexpr LogarithmTable() : at{} {
    for (std::uint64_t i = 0; i < 128; ++i) {
      const std::uint64_t from = 0x3fe6000000000000u + (i << 45), to = from + (std::uint64_t{1} << 45);
      const double middle = (std::bit_cast<double>(from) + std::bit_cast<double>(to)) / 2;
      const double reciprocal =
          std::bit_cast<double>(std::bit_cast<std::int64_t>(1 / middle) + units_from_reciprocal_of_middle[i]);
      // log c = 2 artanh s, s = (c - 1) / (c + 1): far more digits than it takes to find the multiple.
      const double s = (1 - reciprocal) / (1 + reciprocal);
      double power = s, sum = 0;
      for (int n = 1; n < 40; n += 2, power *= s * s) sum += 2 * power / n;
      const double scaled = sum * 0x1p43;
      const auto multiple = static_cast<std::int64_t>(scaled + (scaled < 0 ? -0.5 : 0.5));
      at[i] = {reciprocal, static_cast<double>(multiple) * 0x1p-43};
    }
  }

 private:
  // clang-format off
  static constexpr std::int32_t units_from_reciprocal_of_middle[128] = {
    -23142382, -57643754, -234334839, -124664804, 19045012, -123323398, -501163255, 342479926, -234593306, 57421184,
    513617488, -240891478, 85169741, 28659150, 284053799, 342563057, -68420459, -346144712, -90113766, -464022980,
    285342708, -489548825, 376054848, 47397812, -423637851, -260988534, 336107021, 448241578, 154177355, 447893384,
    241227555, -420636714, -218426730, -96876684, -205835218, -368178198, -345128710, -510284502, 481763731,
    209336112, 429336310, 15489329, 442353177, -417834330, 73183371, 515232680, 507984536, 83787275, 330409952,
    151596684, 377744204, 198302857, 214798271, -345957716, 356163107, 215510022, -229897960, -131709726, 215213618,
    -464519207, -332821996, 385780520, -400344786, 256208139, 478356527, 345720337, 128466877, 217515751, -162048343,
    295127580, -235892775, -69369347, 93666841, -272860130, 91915174, 29018059, 258893229, 386009280, -241633007,
    68399381, 386341370, 408940642, 65060217, -120872168, 189498853, -32395328, -49955913, 154042178, -346113480,
    148348366, -396488327, -427431396, 107119491, -500798201, 212184347, 305888811, -330297730, -91422864, 6707636,
    273897542, -512931067, -500150233, 485589437, -280752730, 106848032, 30953893, -291342514, -408884927, 149302919,
    -107851081, 225432558, 460497078, -452391632, -490679353, 508304210, 493208081, 336502878, 526975298, -457361038,
    -312310462, -365194252, -421357131, 362015322, 310793228, -441535439, -69145545, -528727990, 433364383};
  // clang-format on
};
inline constexpr LogarithmTable logarithm_table;

/// Sine and cosine of k/128, each in two parts.
struct SineTable {
  struct Entry {
    double sine, sine_rest, cosine, cosine_rest;
  };
  Entry at[110];

  constexpr SineTable() : at{} {
    using Fixed = __int128;  // with 112 bits behind the point
    const auto high = [](Fixed number) { return static_cast<double>(number); };
    const auto rest = [](Fixed number) {
      return static_cast<double>(number - static_cast<Fixed>(static_cast<double>(number)));
    };
    for (int k = 0; k < 110; ++k) {
      Fixed term = Fixed{1} << 112, sums[2] = {};  // Taylor's series: even terms are the cosine's, odd ones the sine's
      for (int n = 0; n < 32; ++n) {
        sums[n % 2] += n % 4 < 2 ? term : -term;
        term = term * k / (128 * (n + 1));
      }
      at[k] = {high(sums[1]) * 0x1p-112, rest(sums[1]) * 0x1p-112, high(sums[0]) * 0x1p-112, rest(sums[0]) * 0x1p-112};
    }
  }
};
inline constexpr SineTable sine_table;

/// Of a number of [2^-53, 1].
inline double logarithm(double number) {
  if (number >= 1 - 0x1p-4) {
    // x - x²/2 + x³ P(x), x = number - 1; of the square's half, what is lost when it is taken away is added in the end.
    const double x = number - 1, square = x * x, cube = x * square;
    const double a = std::fma(square, 0x1.999999995dd0cp-3, polynomial(x, -0x1.ffffffffffdcbp-3, 0x1.5555555555577p-2));
    const double b =
        std::fma(square, -0x1.fffffa4423d65p-4, polynomial(x, 0x1.24924a344de30p-3, -0x1.55555556745a7p-3));
    double c = std::fma(square, 0x1.78182f7afd085p-4, polynomial(x, -0x1.999eb43b068ffp-4, 0x1.c7184282ad6cap-4));
    c = std::fma(cube, -0x1.5521375d145cdp-4, c);
    const double p = std::fma(std::fma(c, cube, b), cube, a);
    const double upper = std::fma(-0x1p27, x, std::fma(x, 0x1p27, x)), lower = x - upper;
    const double high = std::fma(upper * upper, -0.5, x);
    double low = std::fma(upper * upper, -0.5, x - high);
    low = std::fma(-0.5 * lower, x + upper, low);
    return high + std::fma(p, cube, low);
  }
  // number = 2^k z, z in the i-th interval: k log 2 + log c + log(1 + r), r = z/c - 1
  const auto bits = std::bit_cast<std::uint64_t>(number), offset = bits - 0x3fe6000000000000u;
  const auto k = static_cast<double>(static_cast<std::int64_t>(offset) >> 52);
  const double z = std::bit_cast<double>(bits - (offset & 0xfff0000000000000u));
  const LogarithmTable::Entry& entry = logarithm_table.at[(offset >> 45) % 128];
  const double r = std::fma(z, entry.reciprocal, -1.0), square = r * r;
  const double whole = std::fma(k, 0x1.62e42fefa3800p-1, entry.logarithm), high = whole + r;
  double low = std::fma(k, 0x1.ef35793c76730p-45, whole - high + r);
  low = std::fma(-0x1.0000000000001p-1, square, low);
  const double p = std::fma(polynomial(r, -0x1.55575e506c89fp-3, 0x1.999b324f10111p-3), square,
                            polynomial(r, -0x1.fffffffeb4590p-3, 0x1.555555551305bp-2));
  return std::fma(r * square, p, low) + high;
}

/// log(1 - u) for a multiple u of 2^-53 in [0, 1), so that 1 - u is exact.
inline double logarithm_1m(double u) {
  constexpr double log2_high = 0x1.62e42fee00000p-1, log2_low = 0x1.a39ef35793c76p-33;
  if (u < 0x1p-29) return u == 0 ? -u : std::fma(-(u * u), 0.5, -u);
  // 1 - u = 2^k (1 + f), 1 + f between √½ and √2
  double f = -u, k = 0;
  if (u >= 0x1.2bec4p-2) {
    const auto bits = std::bit_cast<std::uint64_t>(1 - u);
    const double one_to_two = std::bit_cast<double>((bits & 0x000fffffffffffffu) | 0x3ff0000000000000u);
    const bool halved = one_to_two >= 0x1.6a09ep+0;
    f = (halved ? one_to_two / 2 : one_to_two) - 1;
    k = static_cast<double>(static_cast<std::int64_t>(bits >> 52) - (halved ? 1022 : 1023));
    if (f == 0) return std::fma(k, log2_high, k * log2_low);
    if (f >= -0x3p-21 && f < 0x1p-20) {
      const double half = 0.5 * f * f * std::fma(-0x1.5555555555555p-1, f, 1.0);
      return k == 0 ? f - half : std::fma(k, log2_high, -(half - k * log2_low - f));
    }
  }
  // log(1 + f) = f - f²/2 + s (f²/2 + P(s²)), s = f / (2 + f)
  const double half = 0.5 * f * f, s = f / (2 + f), z = s * s, z2 = z * z, z4 = z2 * z2;
  double p = std::fma(z, 0x1.5555555555593p-1, z2 * polynomial(z, 0x1.2492494229359p-2, 0x1.999999997fa04p-2));
  p = std::fma(z4, polynomial(z, 0x1.7466496cb03dep-3, 0x1.c71c51d8e78afp-3), p);
  p = std::fma(z2 * z4, polynomial(z, 0x1.2f112df3e5244p-3, 0x1.39a09d078c69fp-3), p);
  const double product = (p + half) * s;
  return k == 0 ? f - (half - product) : std::fma(k, log2_high, -(half - (k * log2_low + product) - f));
}

/// Sine of x + rest, |x| < 0.86: a polynomial near 0, else the angle is split at the nearest k/128.
inline double sine_of(double x, double rest) {
  const double magnitude = std::fabs(x);
  if (magnitude < 0.126) {
    const double square = x * x;
    const double p = polynomial(square, -0x1.addffc2fcdf59p-26, 0x1.71de27b9a7ed9p-19, -0x1.a01a019db08b8p-13,
                                0x1.1111111110ecep-7, -0x1.5555555555555p-3);
    return x + std::fma(std::fma(p, x, -(0.5 * rest)), square, rest);
  }
  if (x < 0) rest = -rest;
  const double shifted = magnitude + 0x1.8p45, d = magnitude - (shifted - 0x1.8p45), square = d * d;
  const SineTable::Entry& at = sine_table.at[std::bit_cast<std::uint64_t>(shifted) % 128];
  const double s = d + std::fma(square * d, polynomial(square, 0x1.11110e829872fp-7, -0x1.5555555555515p-3), rest);
  const double c = std::fma(d, rest, square * polynomial(square, 0x1.6c16bedd9e239p-10, -0x1.5555555555535p-5, 0.5));
  const double low = std::fma(s, at.cosine, std::fma(-at.sine, c, std::fma(s, at.cosine_rest, at.sine_rest)));
  return std::copysign(at.sine + low, x);
}

/// Its cosine.
inline double cosine_of(double x, double rest) {
  const double magnitude = std::fabs(x);
  const double shifted = magnitude + 0x1.8p45, d = magnitude - (shifted - 0x1.8p45) + (x < 0 ? -rest : rest);
  const double square = d * d;
  const SineTable::Entry& at = sine_table.at[std::bit_cast<std::uint64_t>(shifted) % 128];
  const double s = std::fma(square * d, polynomial(square, 0x1.11110e829872fp-7, -0x1.5555555555515p-3), d);
  const double c = square * polynomial(square, 0x1.6c16bedd9e239p-10, -0x1.5555555555535p-5, 0.5);
  const double low = std::fma(-s, at.sine, std::fma(-at.cosine, c, std::fma(-s, at.sine_rest, at.cosine_rest)));
  return at.cosine + low;
}

/// Of an angle of [0, 2π).
inline SineCosine<double> sine_cosine(double angle) {
  // angle = quarters π/2 + x + rest
  double x = angle, rest = 0;
  std::uint64_t quarters = 0;
  if (angle >= 0x1.368fdp+1) {
    const double shifted = std::fma(angle, 0x1.45f306dc9c883p-1, 0x1.8p52), turns = shifted - 0x1.8p52;  // 2/π
    quarters = std::bit_cast<std::uint64_t>(shifted) % 4;
    constexpr double pieces[] = {0x1.921fb58p+0, -0x1.dde973cp-27, -0x1.cb3b398p-55, -0x1.d747f23e32ed7p-83};  // of π/2
    const double first = std::fma(-turns, pieces[1], std::fma(-turns, pieces[0], angle));
    const double second = std::fma(-turns, pieces[2], first);
    x = std::fma(-turns, pieces[3], second);
    rest = std::fma(-turns, pieces[2], first - second) + std::fma(-turns, pieces[3], second - x);
  } else if (angle >= 0x1.b6p-1) {
    constexpr double pieces[] = {0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54};
    quarters = 1;
    x = angle - pieces[0] - pieces[1];
    rest = angle - pieces[0] - x - pieces[1];
  }
  const double sine = sine_of(x, rest), cosine = cosine_of(x, rest);
  switch (quarters) {
    case 0:
      return {sine, cosine};
    case 1:
      return {cosine, -sine};
    case 2:
      return {-sine, -cosine};
    default:
      return {-cosine, sine};
  }
}

}  // namespace cairn
