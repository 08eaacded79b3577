// Which conversions keep every value.
#include <cairn/nn/load_options.h>

namespace cairn::nn {
namespace {

/// Bits of the significand, of the exponent, and whether there is a sign.
struct Precision {
  int digits, exponent;
  bool sign;
};

Precision precision(DType dtype) {
  switch (dtype) {
    case DType::boolean:
      return {1, 0, false};
    case DType::uint8:
      return {8, 0, false};
    case DType::int8:
      return {7, 0, true};
    case DType::int16:
      return {15, 0, true};
    case DType::int32:
      return {31, 0, true};
    case DType::int64:
      return {63, 0, true};
    case DType::float8_e4m3fn:
      return {4, 4, true};
    case DType::float8_e5m2:
      return {3, 5, true};
    case DType::float16:
      return {11, 5, true};
    case DType::bfloat16:
      return {8, 8, true};
    case DType::float32:
    case DType::complex64:
      return {24, 8, true};
    case DType::float64:
      return {53, 11, true};
  }
  return {64, 64, true};
}

/// Whether every value of `from` has an equal one in `to`.
bool widens(DType from, DType to) {
  const Precision a = precision(from), b = precision(to);
  return category(from) <= category(to) && a.digits <= b.digits && a.exponent <= b.exponent && a.sign <= b.sign;
}

}  // namespace

bool allows(DTypePolicy policy, DType from, DType to) {
  return policy == DTypePolicy::convert || from == to || (policy == DTypePolicy::widen && widens(from, to));
}

}  // namespace cairn::nn
