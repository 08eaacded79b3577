#include <cairn/io/codec.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace cairn::io {

namespace {

constexpr std::array codecs{&raw_codec, &zstd_codec, &planes_codec, &constant_codec, &exponents_codec};
constexpr std::array general_codecs{&zstd_codec, &planes_codec};
using Candidates = std::span<const Codec* const>;

// Below these a chunk stays raw. A small one packed saves less than the page it lies in, and packing it takes `fast`
// longer than all the rest; a frame or a head takes a score of bytes.
constexpr std::size_t smallest_packed = 64, smallest_packed_fast = 16 << 10;

constexpr std::size_t sample_count = 4, sample_size = 4 << 10, samples_size = sample_count * sample_size;

/// What a chunk may take at most, packed: saving less is not worth the time that unpacking takes.
constexpr std::size_t most_of(std::size_t size, Preset preset) {
  return preset == Preset::fast ? size - size / 10 : size - size / 64 - 1;
}

/// Packs with each of `candidates` and keeps the smallest: the chunk itself where none saves enough.
Packed pack_smallest(Candidates candidates, std::span<const std::byte> chunk, DType dtype, Preset preset,
                     Buffer& scratch) {
  std::size_t most = most_of(chunk.size(), preset);
  std::span<std::byte> room = scratch.get(candidates.size() * most);
  Packed smallest{&raw_codec, chunk};
  for (const Codec* codec : candidates) {
    const std::size_t size = codec->encode(chunk, dtype, preset, room.first(most));
    if (size == 0) continue;
    smallest = {codec, room.first(size)};
    room = room.subspan(size);
    most = size - 1;
  }
  return smallest;
}

/// The codec to try on a large chunk: which does best on samples from fixed places, or, for `max`, on all of it with
/// less effort.
Candidates favourite(std::span<const std::byte> chunk, DType dtype, Preset preset, Buffer& scratch) {
  std::array<std::byte, samples_size> samples;
  const std::size_t step = ((chunk.size() - sample_size) / (sample_count - 1)) & ~std::size_t{7};  // whole elements
  for (std::size_t i = 0; i < sample_count; ++i)
    std::memcpy(samples.data() + i * sample_size, chunk.data() + i * step, sample_size);
  const Codec* codec = pack_smallest(general_codecs, preset == Preset::max ? chunk : samples, dtype,
                                     std::min(preset, Preset::small), scratch)
                           .codec;
  const auto place = std::find(general_codecs.begin(), general_codecs.end(), codec);
  if (place != general_codecs.end()) return {place, 1};
  // What repeats from far away shows in no sample, and zstd is quick where nothing does.
  return Candidates(general_codecs).first(preset == Preset::fast ? 0 : 1);
}

/// Whether `exponents` is the codec for these numbers, judged by elements at fixed places. Not where many are zero
/// (sparse gradients), nor where the low 16 bits of float32 are all alike (what was bfloat16): others save far more.
bool has_busy_bits(std::span<const std::byte> chunk, DType dtype) {
  const std::size_t width = dtype == DType::bfloat16 ? 2 : 4;
  constexpr std::size_t looked_at = 64;
  const std::size_t step = chunk.size() / looked_at / 4 * 4;
  std::size_t zeros = 0, like_first = 0;
  for (std::size_t i = 0; i < looked_at; ++i) {
    constexpr std::byte zero[4] = {};
    const std::byte* const element = chunk.data() + i * step;
    zeros += std::memcmp(element, zero, width) == 0;
    like_first += std::memcmp(element, chunk.data(), 2) == 0;
  }
  return zeros < looked_at / 4 && (width == 2 || like_first < looked_at);
}

/// The choice. Where packing makes the hash by the way, `hash` becomes null; otherwise it is still to be made.
Packed pack_with(std::span<const std::byte> chunk, DType dtype, Preset preset, Buffer& scratch, Hash*& hash) {
  const std::size_t size = chunk.size();
  if (preset == Preset::none || size < smallest_packed) return {&raw_codec, chunk};

  const std::span<std::byte> element = scratch.get(size_of(dtype));
  if (constant_codec.encode(chunk, dtype, preset, element) != 0) return {&constant_codec, element};
  if (preset == Preset::fast && size < smallest_packed_fast) return {&raw_codec, chunk};
  if (preset == Preset::fast && has_busy_bits(chunk, dtype)) {
    const std::span<std::byte> room = scratch.get(size - size / 20);
    const std::size_t packed = hash ? exponents_codec.encode_and_hash(chunk, dtype, preset, room, *hash)
                                    : exponents_codec.encode(chunk, dtype, preset, room);
    hash = nullptr;
    if (packed > 0) return {&exponents_codec, room.first(packed)};
  }
  const Candidates candidates =
      size <= samples_size ? Candidates(general_codecs) : favourite(chunk, dtype, preset, scratch);
  return pack_smallest(candidates, chunk, dtype, preset, scratch);
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

const char* fault_of(std::span<const std::byte> decoded, DType dtype) {
  if (dtype != DType::boolean) return nullptr;
  std::byte bits{0};
  for (const std::byte byte : decoded) bits |= byte;
  return bits > std::byte{1} ? "a bool is neither 0 nor 1" : nullptr;
}

std::string codec_names() {
  std::string names;
  for (const Codec* codec : codecs) names += (names.empty() ? "" : ", ") + std::string(codec->name);
  return names;
}

Packed pack(std::span<const std::byte> chunk, DType dtype, Preset preset, Buffer& scratch, Hash* hash) {
  const Packed packed = pack_with(chunk, dtype, preset, scratch, hash);
  if (hash) *hash = io::hash(chunk);
  return packed;
}

}  // namespace cairn::io
