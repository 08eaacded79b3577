#include <cairn/io/codec.h>

#include <array>

namespace cairn::io {

namespace {

constexpr std::array codecs{&raw_codec, &zstd_codec, &planes_codec, &constant_codec};

// Below this a chunk stays raw in `fast`: packing it saves less than the page it lies in and takes longer than the
// rest.
constexpr std::size_t smallest_packed_fast = 16 << 10;
constexpr std::size_t smallest_packed_small = 64;

constexpr std::size_t probe_count = 4, probe_size = 4 << 10;

/// Whether packing is likely to save a tenth, judged by four samples at fixed places.
bool is_promising(std::span<const std::byte> chunk, DType dtype) {
  std::array<std::byte, probe_size> packed;
  const std::size_t step = (chunk.size() - probe_size) / (probe_count - 1);
  std::size_t total = 0;
  for (std::size_t i = 0; i < probe_count; ++i) {
    const std::size_t size = zstd_codec.encode(chunk.subspan(i * step, probe_size), dtype, Preset::fast, packed);
    total += size == 0 ? probe_size : size;
  }
  return total <= probe_count * probe_size * 9 / 10;
}

Packed pack_with(const Codec& codec, std::span<const std::byte> chunk, DType dtype, Preset preset, std::size_t most,
                 Buffer& scratch) {
  const std::span<std::byte> out = scratch.get(most);
  const std::size_t size = codec.encode(chunk, dtype, preset, out);
  if (size == 0) return {&raw_codec, chunk};
  return {&codec, out.first(size)};
}

}  // namespace

const Codec* find_codec(std::uint8_t id) {
  for (const Codec* codec : codecs) {
    if (codec->id == id) return codec;
  }
  return nullptr;
}

bool is_possible(std::uint8_t id, std::uint64_t stored, std::uint64_t decoded, DType dtype) {
  if (stored == 0 || stored > decoded) return false;
  const Codec* codec = find_codec(id);
  return !codec || codec->can_hold(stored, dtype, decoded);
}

std::string codec_names() {
  std::string names;
  for (const Codec* codec : codecs) names += (names.empty() ? "" : ", ") + std::string(codec->name);
  return names;
}

Packed pack(std::span<const std::byte> chunk, DType dtype, Preset preset, Buffer& scratch) {
  const std::size_t size = chunk.size();
  if (preset == Preset::fast && size >= smallest_packed_fast && is_promising(chunk, dtype))
    return pack_with(zstd_codec, chunk, dtype, preset, size - size / 10, scratch);
  if ((preset == Preset::small || preset == Preset::max) && size >= smallest_packed_small)
    return pack_with(zstd_codec, chunk, dtype, preset, size - size / 64 - 1, scratch);
  return {&raw_codec, chunk};
}

}  // namespace cairn::io
