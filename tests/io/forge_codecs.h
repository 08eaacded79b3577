// Packed chunks made without the library's encoders: the same bytes whatever these, or a version of zstd, choose.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "forge.h"
#include "values.h"

#include <cairn/io/io.h>

namespace forge {

using Chunk = std::vector<std::byte>;

template <class Number>
void append_number(Chunk& to, Number number) {
  append(to, std::as_bytes(std::span(&number, 1)));
}

/// A zstd frame of one block that announces `announced` bytes. `kind`: 0 the bytes as they are, 1 one byte `count`
/// times.
inline Chunk zstd_frame(std::uint32_t announced, std::uint32_t kind, std::size_t count,
                        std::span<const std::byte> bytes) {
  Chunk frame;
  frame.reserve(16 + bytes.size());  // else g++ 12 warns of copies that are none
  append_number(frame, std::uint32_t{0xfd2fb528});
  append_number(frame, std::uint8_t{0xa0});  // one segment, a content size of 4 bytes
  append_number(frame, announced);
  const std::uint32_t head = static_cast<std::uint32_t>(count) << 3 | kind << 1 | 1;
  for (int shift : {0, 8, 16}) append_number(frame, static_cast<std::uint8_t>(head >> shift));
  append(frame, bytes);
  return frame;
}
inline Chunk zstd_as_it_is(std::span<const std::byte> bytes, std::uint32_t announced) {
  return zstd_frame(announced, 0, bytes.size(), bytes);
}
inline Chunk zstd_as_it_is(std::span<const std::byte> bytes) {
  return zstd_as_it_is(bytes, static_cast<std::uint32_t>(bytes.size()));
}
inline Chunk zstd_repeated(std::byte byte, std::uint32_t count) {
  return zstd_frame(count, 1, count, std::span(&byte, 1));
}

/// What zstd's highest level made of 1000 letters, byte i being 65 + (i * i >> 3 & 15): sequences and Huffman codes.
inline Chunk frame_of_letters() {
  constexpr std::string_view digits =
      "28b52ffd60e802ad010002c40a0ca0ebc4b019369364feff1f7a5b1154b83c31f8ab0fc769544332cf233445e6078fbb3b30bd5814b0b605"
      "010040e9a10a51";
  const auto value = [](char digit) { return digit < 'a' ? digit - '0' : digit - 'a' + 10; };
  Chunk frame;
  for (std::size_t i = 0; i < digits.size(); i += 2)
    frame.push_back(static_cast<std::byte>(value(digits[i]) << 4 | value(digits[i + 1])));
  return frame;
}

/// A number's upper 16 bits with its exponent in the upper byte, as `planes` and `exponents` take it apart.
inline std::uint16_t exponent_first(std::uint16_t upper) {
  return static_cast<std::uint16_t>((upper << 1 & 0xff00) | (upper >> 8 & 0x80) | (upper & 0x7f));
}

/// The bytes of numbers of `width`, plane by plane.
inline std::vector<Chunk> split(std::span<const std::byte> bytes, std::size_t width, bool has_exponents) {
  std::vector<Chunk> planes(width);
  for (std::size_t at = 0; at < bytes.size(); ++at) planes[at % width].push_back(bytes[at]);
  if (!has_exponents) return planes;
  Chunk &high = planes[width - 1], &next = planes[width - 2];
  for (std::size_t i = 0; i < high.size(); ++i) {
    const auto upper = exponent_first(
        static_cast<std::uint16_t>(std::to_integer<unsigned>(high[i]) << 8 | std::to_integer<unsigned>(next[i])));
    high[i] = static_cast<std::byte>(upper >> 8);
    next[i] = static_cast<std::byte>(upper & 0xff);
  }
  return planes;
}

/// One block of codec 2: a kind for each plane.
inline Chunk planes(std::span<const std::byte> bytes, std::size_t width, bool has_exponents,
                    std::span<const int> kinds) {
  std::vector<Chunk> planes = split(bytes, width, has_exponents);
  Chunk chunk;
  for (std::size_t i = 0; i < width; ++i) {
    if (kinds[i] == 1) planes[i].resize(1);
    if (kinds[i] == 2) planes[i] = zstd_repeated(planes[i][0], static_cast<std::uint32_t>(planes[i].size()));
    append_number(chunk, static_cast<std::uint32_t>(planes[i].size() << 2 | static_cast<std::size_t>(kinds[i])));
  }
  for (const Chunk& plane : planes) append(chunk, plane);
  return chunk;
}

/// Codec 4, with codes for the exponents of `table`: 3, 7 or 15 of them.
inline Chunk exponents(std::span<const std::byte> bytes, std::size_t width, std::span<const std::uint8_t> table) {
  const unsigned k = table.size() == 3 ? 2 : table.size() == 7 ? 3 : 4;
  const std::vector<Chunk> planes = split(bytes, width, true);
  const std::size_t count = bytes.size() / width;
  Chunk chunk{static_cast<std::byte>(k)};
  append(chunk, std::as_bytes(table));
  chunk.resize(align_up(chunk.size(), 8));
  std::vector<std::uint16_t> trailer;
  for (std::size_t begin = 0; begin < count; begin += 2048) {
    const std::size_t n = std::min<std::size_t>(2048, count - begin);
    Chunk low, signs, codes((n * k + 7) / 8), escapes;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t plane = 0; plane + 2 < width; ++plane) low.push_back(planes[plane][begin + i]);
      signs.push_back(planes[width - 2][begin + i]);
      const auto exponent = std::to_integer<std::uint8_t>(planes[width - 1][begin + i]);
      const auto code = static_cast<std::size_t>(std::find(table.begin(), table.end(), exponent) - table.begin());
      for (std::size_t bit = 0; bit < k; ++bit)
        codes[(i * k + bit) / 8] |= static_cast<std::byte>((code >> bit & 1) << (i * k + bit) % 8);
      if (code == table.size()) escapes.push_back(static_cast<std::byte>(exponent));
    }
    for (const Chunk& part : {low, signs, codes, escapes}) append(chunk, part);
    trailer.push_back(static_cast<std::uint16_t>(escapes.size()));
  }
  append(chunk, raw(trailer));
  return chunk;
}

inline constexpr std::uint8_t exponents_of_small_numbers[] = {127, 128, 129, 130, 131, 132, 133};

/// Numbers from 1 to 97, whose exponents are those of the table above, and zeros, whose exponent escapes.
inline cairn::Tensor packable(cairn::DType dtype, std::int64_t count = 120) { return numbered({count}, dtype); }

/// A container that holds, raw, the numbers that `chunks` pack: one chunk each.
inline cairn::Bytes packed_as(const cairn::Value& value, std::span<const Stored> chunks) {
  return change(cairn::io::save_to_memory(value, {.preset = cairn::io::Preset::none}),
                [&](Parts& parts) { replace_chunks(parts, chunks); });
}

inline cairn::Bytes one_of_each_codec() {
  using namespace cairn;
  const Tensor half = packable(DType::bfloat16), single = packable(DType::float32, 300), whole = packable(DType::int64);
  const Tensor ones = full({120}, 1, {.dtype = DType::bfloat16}), same = full({40}, 2.5);
  const Tensor bytes = full({200}, 7, {.dtype = DType::uint8});
  Chunk one = elements(same);
  one.resize(4);
  const Stored chunks[] = {
      {0, elements(half)},
      {4, exponents(elements(half), 2, exponents_of_small_numbers)},
      {2, planes(elements(ones), 2, true, std::array{2, 0})},
      {4, exponents(elements(single), 4, exponents_of_small_numbers)},
      {2, planes(elements(single), 4, true, std::array{1, 2, 0, 0})},
      {2, planes(elements(whole), 8, false, std::array{0, 1, 1, 2, 1, 1, 1, 1})},
      {3, one},
      {1, zstd_repeated(std::byte{7}, 200)},
  };
  return packed_as(List{half, half.clone(), ones, single, single.clone(), whole, same, bytes}, chunks);
}

}  // namespace forge
