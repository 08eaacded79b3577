// Codec 4: a code of fixed width for the exponent, the other bits as they are.
//
// Weights have few distinct exponents. The 3, 7 or 15 most frequent get a code of 2, 3 or 4 bits; the last code of that
// width means that the exponent follows among the escapes. bfloat16 and float32, and complex64 as pairs of it, are
//
//   float32   s eeeeeeee mmmmmmm llllllllllllllll     s mmmmmmm    sign's byte, stored as it is
//   bfloat16  s eeeeeeee mmmmmmm                      eeeeeeee     exponent: a code, or a code and an escape
//                                                     llll...      low bits, stored as they are
//
//   ┌──────┬───────────┬─ ... ─┬─────────┐      head: bits of a code, the exponents of the codes 0, 1, ...; zeros up to
//   │ head │  block 0  │       │ trailer │            a multiple of 8 bytes
//   └──────┴───────────┴─ ... ─┴─────────┘      trailer: two bytes for each block, how many escapes it has
//          ┌──────────┬──────────────┬───────┬─────────┐
//          │ low bits │ sign's bytes │ codes │ escapes │   of 2,048 elements; the last block may have fewer
//          └──────────┴──────────────┴───────┴─────────┘
//
// Blocks are small, so that one is hashed and unpacked within the first-level cache, and every part of it is read from
// its beginning with wide registers: that is what a code of variable width, a few per cent smaller, could not do. The
// counts of escapes come last, so that packing is one pass. kernels/exponents.cpp does the work.
#include <cairn/io/codec.h>

#include <cairn/io/kernels/kernels.h>

namespace cairn::io {

namespace {

/// Of what holds an exponent of eight bits below a sign; 0 for other dtypes.
std::size_t width_of(DType dtype) {
  return dtype == DType::bfloat16 ? 2 : dtype == DType::float32 || dtype == DType::complex64 ? 4 : 0;
}

std::size_t encode_with(std::span<const std::byte> in, DType dtype, std::span<std::byte> out, std::uint64_t* halves) {
  const std::size_t width = width_of(dtype);
  if (width == 0 || in.empty() || in.size() % width != 0) {
    if (halves) byte_kernels().hash(in.data(), in.size(), halves);
    return 0;
  }
  return byte_kernels().encode_exponents(in.data(), in.size(), width, out.data(), out.size(), halves);
}

std::size_t encode(std::span<const std::byte> in, DType dtype, Preset, std::span<std::byte> out) {
  return encode_with(in, dtype, out, nullptr);
}

std::size_t encode_and_hash(std::span<const std::byte> in, DType dtype, Preset, std::span<std::byte> out, Hash& hash) {
  std::uint64_t halves[2];
  const std::size_t packed = encode_with(in, dtype, out, halves);
  hash = {halves[0], halves[1]};
  return packed;
}

const char* decode_with(std::span<const std::byte> in, DType dtype, std::span<std::byte> out, std::uint64_t* halves) {
  const std::size_t width = width_of(dtype);
  if (width == 0 || out.empty() || out.size() % width != 0) {
    if (halves) byte_kernels().hash(in.data(), in.size(), halves);
    return "it is not of a dtype with such exponents";
  }
  return byte_kernels().decode_exponents(in.data(), in.size(), width, out.data(), out.size(), halves);
}

const char* decode(std::span<const std::byte> in, DType dtype, std::span<std::byte> out) {
  return decode_with(in, dtype, out, nullptr);
}

const char* decode_and_hash(std::span<const std::byte> in, DType dtype, std::span<std::byte> out, Hash& hash) {
  std::uint64_t halves[2];
  const char* const wrong = decode_with(in, dtype, out, halves);
  hash = {halves[0], halves[1]};
  return wrong;
}

/// With codes of 2 bits and no escapes.
bool can_hold(std::uint64_t stored, DType dtype, std::uint64_t decoded) {
  const std::size_t width = width_of(dtype);
  if (width == 0 || decoded % width != 0) return false;
  const std::uint64_t elements = decoded / width, blocks = elements / 2048 + (elements % 2048 != 0);
  return stored >= 8 + elements * (width - 1) + elements / 4 + (elements % 4 != 0) + blocks * 2;
}

}  // namespace

const Codec exponents_codec{4, "exponents", encode, encode_and_hash, decode, decode_and_hash, can_hold};

}  // namespace cairn::io
