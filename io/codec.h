// How a chunk is packed, and the choice between the ways.
//
// To add a codec: a file like codecs/zstd.cpp, a row in the table of codec.cpp, an id in FORMAT.md (never reused), and,
// if a preset shall use it, a line in `pack`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <cairn/core/dtype.h>
#include <cairn/io/bytes.h>
#include <cairn/io/checksum.h>
#include <cairn/io/save.h>

namespace cairn::io {

struct Codec {
  std::uint8_t id;
  std::string_view name;

  /// Packs `chunk`, whole elements of `dtype`, into `out`; returns the size, or 0 when it takes more than `out` or this
  /// codec cannot pack such a chunk.
  std::size_t (*encode)(std::span<const std::byte> chunk, DType dtype, Preset preset, std::span<std::byte> out);

  /// The same, and the hash of `chunk`, whatever comes of it, in the same pass. Null where that gains nothing.
  std::size_t (*encode_and_hash)(std::span<const std::byte> chunk, DType dtype, Preset preset, std::span<std::byte> out,
                                 Hash& hash);

  /// Unpacks `stored`, which must fill `to` exactly; returns what is wrong, or null. `stored` may hold anything.
  const char* (*decode)(std::span<const std::byte> stored, DType dtype, std::span<std::byte> to);

  /// The same, and the hash of `stored` in the same pass: what lies in the cache is both checked and unpacked. Null
  /// where that gains nothing: the caller hashes first.
  const char* (*decode_and_hash)(std::span<const std::byte> stored, DType dtype, std::span<std::byte> to, Hash& hash);

  /// Whether `stored` bytes may hold a chunk of `decoded`, neither being 0: asked of an index, before anything is read
  /// or allocated.
  bool (*can_hold)(std::uint64_t stored, DType dtype, std::uint64_t decoded);
};

extern const Codec raw_codec, zstd_codec, planes_codec, constant_codec, exponents_codec;

const Codec* find_codec(std::uint8_t id);  ///< Null for an unknown one.
std::string codec_names();                 ///< For messages: "raw, zstd, ...".

/// Whether a chunk of `decoded` bytes can take `stored` in a file, as far as sizes tell. Of an unknown codec: whether
/// any could.
bool is_possible(std::uint8_t codec, std::uint64_t stored, std::uint64_t decoded, DType dtype);

/// What is wrong with the elements of a chunk, or null: a bool that is neither 0 nor 1 is none.
const char* fault_of(std::span<const std::byte> decoded, DType dtype);

struct Packed {
  const Codec* codec;
  std::span<const std::byte> bytes;  ///< In `scratch`, or the chunk itself if it stays raw.
};

/// Packs a chunk. The outcome is a function of its bytes, its dtype and the preset, whatever the run or thread. `hash`,
/// if given, becomes that of `chunk`.
Packed pack(std::span<const std::byte> chunk, DType dtype, Preset preset, Buffer& scratch, Hash* hash = nullptr);

}  // namespace cairn::io
