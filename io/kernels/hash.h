// A hash that is fed a piece at a time, for kernels that want to find each piece in the first-level cache.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn::io {

struct RunningHash {
  alignas(64) std::byte state[576];  // XXH3's own
};
void begin(RunningHash& hash);
void add(RunningHash& hash, const std::byte* bytes, std::size_t size);
void finish(RunningHash& hash, std::uint64_t halves[2]);

void hash(const std::byte* bytes, std::size_t size, std::uint64_t halves[2]);
/// Whatever the size: what nobody reads soon.
void copy_past_cache(const std::byte* from, std::size_t size, std::byte* to);

void hash_and_copy(const std::byte* from, std::size_t size, std::byte* to, std::uint64_t halves[2]);

}  // namespace cairn::io
