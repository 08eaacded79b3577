// What bytes are checked with: XXH3 (128 bits), and the rule that binds a checksum to its place.
//
// A chunk that was written to the wrong place, or is left over from an older commit, has the right bytes of somewhere
// else; its checksum must not fit here. So a chunk's checksum is the hash of its bytes combined with a scrambled
// (generation, blob, chunk). FORMAT.md states both bit by bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace cairn::io {

struct Hash {
  std::uint64_t low = 0, high = 0;
  friend bool operator==(const Hash&, const Hash&) = default;
};

Hash hash(std::span<const std::byte> bytes);  ///< XXH3-128 without a seed.

/// The same, and a copy of the bytes in the same pass: what is read from memory once is both checked and in its place.
Hash hash_and_copy(std::span<const std::byte> from, std::byte* to);

/// A copy alone, past the cache: of what nobody reads soon.
void copy_past_cache(std::span<const std::byte> from, std::byte* to);

/// The plain checksum of the header, the commit record and the table of piece checksums.
inline std::uint64_t checksum(std::span<const std::byte> bytes) { return hash(bytes).low; }

/// Whether what was found is what was written. Every checksum and digest is compared here, so that a build for fuzzing
/// can let all pass (tests/fuzz): what they guard must be safe without them.
template <class T>
constexpr bool fits([[maybe_unused]] const T& found, [[maybe_unused]] const T& expected) {
#ifdef CAIRN_FUZZ_CHECKSUMS_PASS
  return true;
#else
  return found == expected;
#endif
}

/// A number that belongs to one place of one commit: splitmix64's scrambling of both (Steele et al., 2014).
constexpr std::uint64_t scramble(std::uint32_t generation, std::uint64_t place) {
  std::uint64_t x = place ^ generation * 0x9e3779b97f4a7c15ull;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
  x = (x ^ x >> 27) * 0x94d049bb133111ebull;
  return x ^ x >> 31;
}
constexpr std::uint64_t scramble(std::uint32_t generation, std::uint32_t blob, std::uint32_t chunk) {
  return scramble(generation, std::uint64_t{blob} << 32 | chunk);
}

}  // namespace cairn::io
