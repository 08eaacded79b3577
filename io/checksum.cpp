// The one file that includes xxhash.h; inlined, so that the compiler sees the loops and nothing is linked.
#include <cairn/io/checksum.h>

#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cairn::io {

Hash hash(std::span<const std::byte> bytes) {
  const XXH128_hash_t value = XXH3_128bits(bytes.data(), bytes.size());
  return {value.low64, value.high64};
}

Hash hash_and_copy(std::span<const std::byte> from, std::byte* to) {
  if (!from.empty()) std::memcpy(to, from.data(), from.size());
  return hash(from);
}

}  // namespace cairn::io
