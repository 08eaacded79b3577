// Integers beyond 64 bits, from and to decimal digits, nine at a time.
#include <algorithm>

#include <cairn/core/error.h>
#include <cairn/core/value.h>

namespace cairn {
namespace {

constexpr std::uint64_t group = 1'000'000'000;  // nine digits fit into 32 bits

/// Bytes of two's complement, little-endian, negated in place.
void negate(std::vector<std::byte>& bytes) {
  unsigned carry = 1;
  for (std::byte& byte : bytes) {
    const unsigned sum = (std::to_integer<unsigned>(byte) ^ 0xffu) + carry;
    byte = static_cast<std::byte>(sum & 0xffu);
    carry = sum >> 8;
  }
}

bool is_negative(const std::vector<std::byte>& bytes) {
  return !bytes.empty() && (std::to_integer<unsigned>(bytes.back()) & 0x80u);
}

/// Drops bytes on top that only repeat the sign.
void shorten(std::vector<std::byte>& bytes) {
  while (bytes.size() > 1) {
    const auto top = std::to_integer<unsigned>(bytes.back());
    const bool next_is_negative = std::to_integer<unsigned>(bytes[bytes.size() - 2]) & 0x80u;
    if (!(top == 0 && !next_is_negative) && !(top == 0xff && next_is_negative)) return;
    bytes.pop_back();
  }
}

}  // namespace

std::string BigInteger::decimal() const {
  std::vector<std::byte> magnitude = data;
  const bool negative = is_negative(data);
  if (negative) negate(magnitude);  // the most negative number of its length is its own magnitude, read without a sign
  std::string reversed;
  while (!magnitude.empty()) {
    std::uint64_t remainder = 0;
    for (auto byte = magnitude.rbegin(); byte != magnitude.rend(); ++byte) {
      const std::uint64_t part = remainder << 8 | std::to_integer<std::uint64_t>(*byte);
      *byte = static_cast<std::byte>(part / group);
      remainder = part % group;
    }
    while (!magnitude.empty() && magnitude.back() == std::byte{0}) magnitude.pop_back();
    for (int digit = 0; digit < 9 && (remainder > 0 || !magnitude.empty()); ++digit, remainder /= 10) {
      reversed += static_cast<char>('0' + remainder % 10);
    }
  }
  if (reversed.empty()) return "0";
  if (negative) reversed += '-';
  std::reverse(reversed.begin(), reversed.end());
  return reversed;
}

BigInteger BigInteger::from_decimal(std::string_view digits) {
  std::string_view rest = digits;
  const bool negative = rest.starts_with('-');
  if (negative) rest.remove_prefix(1);
  const bool well_formed =
      !rest.empty() && std::all_of(rest.begin(), rest.end(), [](char c) { return c >= '0' && c <= '9'; });
  check<ValueError>(well_formed, "big integer: '", digits,
                    "' is no decimal number; expected digits, perhaps after a '-'");
  BigInteger number;
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, 9);
    rest.remove_prefix(part.size());
    std::uint64_t factor = 1, carry = 0;
    for (char c : part) factor *= 10, carry = carry * 10 + static_cast<std::uint64_t>(c - '0');
    for (std::byte& byte : number.data) {
      carry += std::to_integer<std::uint64_t>(byte) * factor;
      byte = static_cast<std::byte>(carry & 0xff);
      carry >>= 8;
    }
    for (; carry > 0; carry >>= 8) number.data.push_back(static_cast<std::byte>(carry & 0xff));
  }
  number.data.push_back(std::byte{0});
  if (negative) negate(number.data);
  shorten(number.data);
  return number;
}

}  // namespace cairn
