#include <cairn/io/checksum.h>

#include <cairn/io/kernels/kernels.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cairn::io {

namespace {
constexpr std::size_t short_size = 240;  // up to here XXH3 has no loop that wide registers would serve
}

Hash hash(std::span<const std::byte> bytes) {
  if (bytes.size() <= short_size) {
    const XXH128_hash_t value = XXH3_128bits(bytes.data(), bytes.size());
    return {value.low64, value.high64};
  }
  std::uint64_t halves[2];
  byte_kernels().hash(bytes.data(), bytes.size(), halves);
  return {halves[0], halves[1]};
}

Hash hash_and_copy(std::span<const std::byte> from, std::byte* to) {
  std::uint64_t halves[2];
  byte_kernels().hash_and_copy(from.data(), from.size(), to, halves);
  return {halves[0], halves[1]};
}

void copy_past_cache(std::span<const std::byte> from, std::byte* to) {
  byte_kernels().copy_past_cache(from.data(), from.size(), to);
}

}  // namespace cairn::io
