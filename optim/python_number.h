// Numbers that are whole stay whole, as Python's: a rate of 1 times a gamma of 2 is 2, times 2.0 it is 2.0.
#pragma once

#include <cmath>
#include <cstdint>

#include <cairn/core/value.h>

namespace cairn::optim {

inline Value multiply(const Value& a, const Value& b) {
  std::int64_t product;
  const bool whole = a.is(Value::Kind::integer) && b.is(Value::Kind::integer);
  if (whole && !__builtin_mul_overflow(a.as_int(), b.as_int(), &product)) return product;
  return a.as_float() * b.as_float();
}

inline Value power(const Value& base, std::int64_t exponent) {
  if (!base.is(Value::Kind::integer)) return std::pow(base.as_float(), static_cast<double>(exponent));
  Value result = 1;
  for (std::int64_t i = 0; i < exponent; ++i) result = multiply(result, base);
  return result;
}

}  // namespace cairn::optim
