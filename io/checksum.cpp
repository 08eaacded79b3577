// The one file that includes xxhash.h; inlined, so that the compiler sees the loops and nothing is linked.
#include <cairn/io/checksum.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cairn::io {

Hash hash(std::span<const std::byte> bytes) {
  const XXH128_hash_t value = XXH3_128bits(bytes.data(), bytes.size());
  return {value.low64, value.high64};
}

}  // namespace cairn::io
