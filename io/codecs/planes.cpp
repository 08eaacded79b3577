// Codec 2: the bytes of numbers sorted by their place in the number, each kind packed by itself.
//
//   numbers          c5 e3 12 3c   07 9b 12 3d   ...     up to 131,072 of them make a block
//   their planes     c5 07 ... | e3 9b ... | 12 12 ... | 3c 3d ...
//   stored           head | plane 0 | plane 1 | ...      the head: for each plane a u32, 4 * stored size + kind
//
//   kind 0, raw: a byte of each number; 1, constant: the one byte they all have; 2, zstd: one frame
//
// Why: the exponents of a tensor's numbers are much alike, the mantissas are noise. By themselves exponents take 2.6
// bits each, and the noise costs no time; mixed as they lie in memory, zstd saves half as much. Counters and indices
// have planes of zeros.
//
// An exponent of 8 bits lies across two bytes. So the nine highest bits of a bfloat16 or a float32 (a complex64 is two
// of these) are first rotated left by one: the highest byte is the exponent, and the sign stands before the mantissa.
// float16 and float64 gain nothing by it.
//
// Blocks keep what is unpacked in the cache and a thread's memory small, whatever the chunk's size.
#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>

#include <cairn/io/codec.h>
#include <cairn/io/codecs/zstd.h>

namespace cairn::io {

namespace {

constexpr std::size_t block_length = 128 << 10;  // numbers
constexpr std::size_t largest_width = 8;

enum class Kind : std::uint32_t { raw = 0, constant = 1, zstd = 2 };

struct Numbers {
  std::size_t width;  // bytes of one; below 2 there is nothing to sort
  bool rotated;
};

Numbers numbers_of(DType dtype) {
  switch (dtype) {
    case DType::bfloat16:
      return {2, true};
    case DType::float32:
    case DType::complex64:
      return {4, true};
    default:
      return {size_of(dtype), false};
  }
}

bool can_hold(std::uint64_t stored, DType dtype, std::uint64_t decoded) {
  const std::uint64_t width = numbers_of(dtype).width;
  if (width < 2 || decoded == 0 || decoded % width != 0) return false;
  const std::uint64_t blocks = (decoded / width - 1) / block_length + 1;
  return stored / blocks >= width * (sizeof(std::uint32_t) + 1);  // a head, and a byte of each plane
}

// --- sorting ---
//
// A number is two halves, of which each is two halves, down to bytes. Each step is a loop over one tile of numbers,
// which stays in the innermost cache, and simple enough for any compiler to use vectors.

constexpr std::size_t tile_length = 512;

template <std::size_t width>
using Unsigned = std::conditional_t<
    width == 1, std::uint8_t,
    std::conditional_t<width == 2, std::uint16_t, std::conditional_t<width == 4, std::uint32_t, std::uint64_t>>>;

constexpr std::uint16_t rotate_left(std::uint16_t x) {
  return static_cast<std::uint16_t>((x << 1 & 0xff00) | (x >> 8 & 0x80) | (x & 0x7f));
}

constexpr std::uint16_t rotate_right(std::uint16_t x) {
  return static_cast<std::uint16_t>((x >> 1 & 0x7f80) | (x << 8 & 0x8000) | (x & 0x7f));
}

template <std::size_t width, bool rotated>
void split(const Unsigned<width>* from, std::size_t n, std::byte* const* planes) {
  using Half = Unsigned<width / 2>;
  constexpr int bits = width * 4;
  alignas(64) Half low[tile_length], high[tile_length];
  for (std::size_t i = 0; i < n; ++i) {
    Unsigned<width> x = from[i];
    if constexpr (rotated && width == 2) x = rotate_left(x);
    low[i] = static_cast<Half>(x);
    high[i] = static_cast<Half>(x >> bits);
  }
  if constexpr (width == 2) {
    std::memcpy(planes[0], low, n);
    std::memcpy(planes[1], high, n);
  } else {
    split<width / 2, false>(low, n, planes);
    split<width / 2, rotated>(high, n, planes + width / 2);
  }
}

/// Into memory that begins anywhere.
template <std::size_t width, bool rotated>
void join(const std::byte* const* planes, std::size_t n, std::byte* __restrict to) {
  using Half = Unsigned<width / 2>;
  constexpr int bits = width * 4;
  alignas(64) std::byte joined[width == 2 ? 1 : 2][width == 2 ? 1 : tile_length * sizeof(Half)];
  const std::byte *low = planes[0], *high = planes[1];
  if constexpr (width > 2) {
    join<width / 2, false>(planes, n, joined[0]);
    join<width / 2, rotated>(planes + width / 2, n, joined[1]);
    low = joined[0], high = joined[1];
  }
  for (std::size_t i = 0; i < n; ++i) {
    Half halves[2];
    std::memcpy(&halves[0], low + i * sizeof(Half), sizeof(Half));
    std::memcpy(&halves[1], high + i * sizeof(Half), sizeof(Half));
    auto x = static_cast<Unsigned<width>>(halves[0] | static_cast<Unsigned<width>>(halves[1]) << bits);
    if constexpr (rotated && width == 2) x = rotate_right(x);
    std::memcpy(to + i * width, &x, width);
  }
}

using Planes = std::array<std::byte*, largest_width>;

template <std::size_t width, bool rotated>
void split_all(const std::byte* from, std::size_t n, Planes planes) {
  alignas(64) Unsigned<width> tile[tile_length];
  for (std::size_t done = 0; done < n; done += tile_length) {
    const std::size_t length = std::min(tile_length, n - done);
    std::memcpy(tile, from + done * width, length * width);
    split<width, rotated>(tile, length, planes.data());
    for (std::size_t i = 0; i < width; ++i) planes[i] += length;
  }
}

template <std::size_t width, bool rotated>
void join_all(std::array<const std::byte*, largest_width> planes, std::size_t n, std::byte* to) {
  for (std::size_t done = 0; done < n; done += tile_length) {
    const std::size_t length = std::min(tile_length, n - done);
    join<width, rotated>(planes.data(), length, to + done * width);
    for (std::size_t i = 0; i < width; ++i) planes[i] += length;
  }
}

/// Calls `f.template operator()<width, rotated>()`.
template <class F>
void dispatch(Numbers numbers, F&& f) {
  if (numbers.width == 2)
    numbers.rotated ? f.template operator()<2, true>() : f.template operator()<2, false>();
  else if (numbers.width == 4)
    numbers.rotated ? f.template operator()<4, true>() : f.template operator()<4, false>();
  else
    f.template operator()<8, false>();
}

/// Room for the planes of a block of `n` numbers: kept by each thread, at most 1 MiB.
Planes planes_of(std::size_t n, std::size_t width) {
  thread_local Buffer scratch;
  std::byte* next = scratch.get(width * n).data();
  Planes planes{};
  for (std::size_t i = 0; i < width; ++i, next += n) planes[i] = next;
  return planes;
}

// --- packing ---

constexpr int leave_raw = 0;  // among zstd's levels
using Levels = std::array<int, largest_width>;

/// How to pack each plane, judged by samples of the chunk from fixed places: whether it has matches worth a search, or
/// bytes more frequent than others, or neither.
Levels choose_levels(std::span<const std::byte> chunk, Numbers numbers, Preset preset) {
  constexpr std::size_t sample_count = 4, sample_length = 2 << 10;
  const std::size_t count = chunk.size() / numbers.width;
  const bool whole = count <= sample_count * sample_length;
  const std::size_t n = whole ? count : sample_count * sample_length;
  const Planes planes = planes_of(n, numbers.width);
  dispatch(numbers, [&]<std::size_t width, bool rotated>() {
    if (whole) return split_all<width, rotated>(chunk.data(), n, planes);
    Planes to = planes;
    for (std::size_t i = 0; i < sample_count; ++i) {
      const std::size_t first = (count - sample_length) / (sample_count - 1) * i;
      split_all<width, rotated>(chunk.data() + first * width, sample_length, to);
      for (std::size_t plane = 0; plane < width; ++plane) to[plane] += sample_length;
    }
  });

  Levels levels{};
  std::array<std::byte, sample_count * sample_length> out;
  for (std::size_t i = 0; i < numbers.width; ++i) {
    const auto packed_size = [&](int level) {
      const std::size_t size = zstd_encode({planes[i], n}, level, std::span(out).first(n));
      return size == 0 ? n : size;
    };
    const std::size_t codes = packed_size(huffman_only), matches = packed_size(1);
    if (std::min(codes, matches) <= n - n / 32)
      levels[i] = codes - codes / 8 <= matches ? huffman_only : zstd_level(preset);
  }
  return levels;
}

bool is_constant(std::span<const std::byte> plane) {
  return std::memcmp(plane.data(), plane.data() + 1, plane.size() - 1) == 0;
}

std::size_t encode(std::span<const std::byte> chunk, DType dtype, Preset preset, std::span<std::byte> out) {
  const Numbers numbers = numbers_of(dtype);
  const std::size_t width = numbers.width, head_size = width * sizeof(std::uint32_t);
  if (width < 2 || chunk.empty() || chunk.size() % width != 0) return 0;
  const Levels levels = choose_levels(chunk, numbers, preset);

  std::size_t size = 0;
  for (std::size_t n; !chunk.empty(); chunk = chunk.subspan(n * width)) {
    n = std::min(chunk.size() / width, block_length);
    const Planes planes = planes_of(n, width);
    dispatch(numbers, [&]<std::size_t w, bool rotated>() { split_all<w, rotated>(chunk.data(), n, planes); });

    if (out.size() - size < head_size) return 0;
    std::byte* head = out.data() + size;
    size += head_size;
    for (std::size_t i = 0; i < width; ++i) {
      const std::span plane(planes[i], n);
      const std::span room = out.subspan(size);
      Kind kind = Kind::constant;
      std::size_t stored = 1;
      if (!is_constant(plane)) {
        kind = Kind::zstd;
        stored = levels[i] == leave_raw ? 0 : zstd_encode(plane, levels[i], room.first(std::min(room.size(), n - 1)));
        if (stored == 0) {
          kind = Kind::raw;
          stored = n;
        }
      }
      if (stored > room.size()) return 0;
      if (kind != Kind::zstd) std::memcpy(room.data(), plane.data(), stored);
      size += stored;
      const auto entry = static_cast<std::uint32_t>(stored << 2) | static_cast<std::uint32_t>(kind);
      std::memcpy(head + i * sizeof entry, &entry, sizeof entry);
    }
  }
  return size;
}

// --- unpacking ---

/// Where the bytes of a plane are: in `stored` itself, or unpacked in `scratch`. Null, and `wrong` said, if nowhere.
const std::byte* unpack(std::uint32_t kind, std::span<const std::byte> stored, std::span<std::byte> scratch,
                        const char*& wrong) {
  wrong = nullptr;
  switch (static_cast<Kind>(kind)) {
    case Kind::raw:
      if (stored.size() != scratch.size()) wrong = "a raw plane does not have its size";
      return stored.data();
    case Kind::constant:
      if (stored.size() != 1)
        wrong = "a constant plane is not one byte";
      else
        std::memset(scratch.data(), static_cast<int>(stored[0]), scratch.size());
      return scratch.data();
    case Kind::zstd:
      wrong = zstd_decode(stored, scratch);
      return scratch.data();
  }
  wrong = "a plane is of no known kind";
  return nullptr;
}

const char* decode(std::span<const std::byte> stored, DType dtype, std::span<std::byte> to) {
  const Numbers numbers = numbers_of(dtype);
  const std::size_t width = numbers.width;
  if (!can_hold(stored.size(), dtype, to.size())) return "it is too short for the planes of so many numbers";
  for (std::size_t n; !to.empty(); to = to.subspan(n * width)) {
    n = std::min(to.size() / width, block_length);
    std::array<std::uint32_t, largest_width> head{};
    const std::size_t head_size = width * sizeof head[0];
    if (stored.size() < head_size) return "it ends before its last block";
    std::memcpy(head.data(), stored.data(), head_size);
    stored = stored.subspan(head_size);

    const Planes scratch = planes_of(n, width);
    std::array<const std::byte*, largest_width> planes{};
    for (std::size_t i = 0; i < width; ++i) {
      const std::size_t size = head[i] >> 2;
      if (size > stored.size()) return "a plane reaches beyond it";
      const char* wrong = nullptr;
      planes[i] = unpack(head[i] & 3, stored.first(size), {scratch[i], n}, wrong);
      if (wrong) return wrong;
      stored = stored.subspan(size);
    }
    dispatch(numbers, [&]<std::size_t w, bool rotated>() { join_all<w, rotated>(planes, n, to.data()); });
  }
  return stored.empty() ? nullptr : "bytes follow its last block";
}

}  // namespace

const Codec planes_codec{2, "planes", encode, nullptr, decode, nullptr, can_hold};

}  // namespace cairn::io
