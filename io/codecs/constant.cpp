// Codec 3: a chunk whose elements are all alike, stored as one of them: the zeros of a fresh optimizer, the ones of a
// norm. Alike means the same bytes: 0.0 and -0.0 differ, one NaN equals itself.
#include <algorithm>
#include <cstring>

#include <cairn/io/codec.h>

namespace cairn::io {

namespace {

bool can_hold(std::uint64_t stored, DType dtype, std::uint64_t decoded) {
  const std::size_t size = size_of(dtype);
  return size > 0 && stored == size && decoded > size && decoded % size == 0;
}

// They are all alike exactly if the chunk equals itself one element further on; where it does not, that shows early.
std::size_t encode(std::span<const std::byte> chunk, DType dtype, Preset, std::span<std::byte> out) {
  const std::size_t size = size_of(dtype);
  if (!can_hold(size, dtype, chunk.size()) || out.size() < size) return 0;
  if (std::memcmp(chunk.data(), chunk.data() + size, chunk.size() - size) != 0) return 0;
  std::memcpy(out.data(), chunk.data(), size);
  return size;
}

const char* decode(std::span<const std::byte> stored, DType dtype, std::span<std::byte> to) {
  if (!can_hold(stored.size(), dtype, to.size())) return "it is not one element of the chunk's dtype";
  // Doubled until it fills a page or so, which is then copied over and over from the cache.
  constexpr std::size_t page = 4096;
  std::size_t filled = stored.size();
  std::memcpy(to.data(), stored.data(), filled);
  while (filled < to.size()) {
    const std::size_t more = std::min({filled, page, to.size() - filled});
    std::memcpy(to.data() + filled, to.data(), more);
    filled += more;
  }
  return nullptr;
}

}  // namespace

const Codec constant_codec{3, "constant", encode, nullptr, decode, nullptr, can_hold};

}  // namespace cairn::io
