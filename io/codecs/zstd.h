// zstd frames (RFC 8878) with their content size, without dictionary or checksum: what codec 1 stores, and codec 2 for
// each plane that shrinks.
#pragma once

#include <cstddef>
#include <limits>
#include <span>

#include <cairn/io/save.h>

namespace cairn::io {

/// From 3 to 8, masks, texts and sparse gradients lose a tenth of their size, at a fifth of the speed; beyond 8 the
/// speed falls faster than the size.
constexpr int zstd_level(Preset preset) { return preset == Preset::max ? 8 : preset == Preset::small ? 3 : 1; }

/// In place of a level: no search for matches, each byte gets a Huffman code. Three times as fast as level 1 both ways,
/// and for the exponents of numbers, which come in no order, better than any level.
inline constexpr int huffman_only = std::numeric_limits<int>::min();

/// Packs `from` into one frame; returns its size, or 0 when it takes more than `out`.
std::size_t zstd_encode(std::span<const std::byte> from, int level, std::span<std::byte> out);

/// Unpacks exactly one frame, which must fill `to` exactly; returns what is wrong, or null. `stored` may hold anything.
const char* zstd_decode(std::span<const std::byte> stored, std::span<std::byte> to);

}  // namespace cairn::io
