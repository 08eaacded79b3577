// The frame of the codec `exponents`: the head, the blocks one after the other, the trailer. codecs/exponents.cpp draws
// it.
//
// The loops over a block (exponents_block.h) know no ends: they take whole blocks and may read or write `slack` beyond.
// A block that is short, or too near the end of the bytes, goes through a copy with room all around.
#include <cairn/io/kernels/exponents.h>

#include <cairn/io/kernels/exponents_block.h>
#include <cairn/io/kernels/hash.h>

#if defined(__AVX512VBMI2__)
#include <cairn/io/kernels/exponents_avx512.h>
#else
#include <cairn/io/kernels/exponents_words.h>
#endif

namespace cairn::io {

namespace {

std::size_t at_most(std::size_t a, std::size_t b) { return a < b ? a : b; }
std::size_t count_blocks(std::size_t elements) { return (elements + block_elements - 1) / block_elements; }

constexpr std::size_t head_size(unsigned bits) { return bits == 4 ? 16 : 8; }

/// What a block of `elements` takes without its escapes.
template <std::size_t width>
std::size_t fixed_size(std::size_t elements, unsigned bits) {
  return elements * (width - 1) + (elements * bits + 7) / 8;
}

/// Where the streams of a block of `elements` lie that begins at `at`.
template <std::size_t width, class B>
Streams<B> streams_at(B* at, std::size_t elements, unsigned bits) {
  B* const signs = at + (width - 2) * elements;
  return {at, signs, signs + elements, at + fixed_size<width>(elements, bits)};
}

/// A block with room all around, of zeros at first.
template <std::size_t width>
struct Room {
  alignas(64) Byte low[block_elements * (width - 2) + 1];
  alignas(64) Byte signs[block_elements];
  alignas(64) Byte codes[block_elements / 2 + slack];
  alignas(64) Byte escapes[block_elements + slack];
  alignas(64) Byte elements[block_elements * width];

  Room() { std::memset(static_cast<void*>(this), 0, sizeof *this); }

  template <class B>
  Streams<B> streams() {
    return {low, signs, codes, escapes};
  }
};

/// Copies the parts of a block of `elements`, `escapes` of which escape.
template <std::size_t width, class From, class To>
void copy_streams(Streams<From> from, Streams<To> to, std::size_t elements, unsigned bits, std::size_t escapes) {
  std::memcpy(to.low, from.low, (width - 2) * elements);
  std::memcpy(to.signs, from.signs, elements);
  std::memcpy(to.codes, from.codes, (elements * bits + 7) / 8);
  std::memcpy(to.escapes, from.escapes, escapes);
}

// ---- packing ----

constexpr std::size_t window_count = 32, window_size = 128;  // elements

/// Counts the exponents of a chunk, or of windows at fixed places in it; returns how many were counted.
template <std::size_t width>
std::size_t count_exponents(const Byte* chunk, std::size_t elements, unsigned (&counts)[256]) {
  unsigned other_counts[256] = {};  // neighbours are often equal: two counters do not wait for each other
  const auto exponent = [&](std::size_t i) {
    const Byte* const upper = chunk + i * width + (width - 2);
    return static_cast<Byte>(upper[1] << 1 | upper[0] >> 7);
  };
  const std::size_t windows = elements <= window_count * window_size ? 1 : window_count;
  const std::size_t size = windows == 1 ? elements : window_size;
  const auto begin_of = [&](std::size_t window) {
    return windows == 1 ? 0 : (elements - size) * window / (windows - 1);
  };
  for (std::size_t window = 1; window < windows; ++window) {
    for (std::size_t at = 0; at < size * width; at += line_size)
      __builtin_prefetch(chunk + begin_of(window) * width + at);
  }
  for (std::size_t window = 0; window < windows; ++window) {
    const std::size_t begin = begin_of(window);
    for (std::size_t i = begin; i < begin + size / 2 * 2; i += 2)
      ++counts[exponent(i)], ++other_counts[exponent(i + 1)];
    if (size % 2 == 1) ++counts[exponent(begin + size - 1)];
  }
  for (unsigned i = 0; i < 256; ++i) counts[i] += other_counts[i];
  return windows * size;
}

/// The coding that promises the smallest size, judged by the exponents counted; of no bits if it saves less than 5 %.
template <std::size_t width>
Coding choose(const Byte* chunk, std::size_t elements) {
  unsigned counts[256] = {};
  const std::size_t counted = count_exponents<width>(chunk, elements, counts);
  std::uint32_t best[15] = {};  // count and exponent: the most frequent first, of equals the smaller exponent
  for (unsigned exponent = 0; exponent < 256; ++exponent) {
    std::uint32_t key = counts[exponent] << 8 | (255 - exponent);
    for (std::uint32_t& other : best) {
      const std::uint32_t larger = key > other ? key : other;
      key = key > other ? other : key;
      other = larger;
    }
  }
  Coding coding = {};
  std::size_t smallest = counted * width * 8 * 19 / 20 - counted * (width * 8 - 8);
  std::size_t coded = 0;
  for (unsigned bits = 2, code = 0; bits <= 4; ++bits) {
    for (; code < (1u << bits) - 1; ++code) coded += best[code] >> 8;
    const std::size_t size = counted * bits + (counted - coded) * 8;
    if (size < smallest) smallest = size, coding.bits = bits;
  }
  coding.escape = (1u << coding.bits) - 1;
  std::memset(coding.code_of, static_cast<int>(coding.escape), sizeof coding.code_of);
  for (unsigned code = 0; code < coding.escape; ++code) {
    coding.entries[code] = static_cast<Byte>(255 - best[code]);
    coding.code_of[coding.entries[code]] = static_cast<Byte>(code);
  }
  return coding;
}

template <std::size_t width>
std::size_t encode(const Byte* chunk, std::size_t size, Byte* out, std::size_t room, Ahead& ahead) {
  const std::size_t elements = size / width, blocks = count_blocks(elements);
  const Coding coding = choose<width>(chunk, elements);
  if (coding.bits == 0 || room < head_size(coding.bits) + blocks * 2) return 0;
  Byte* const end = out + room - blocks * 2;  // the trailer is made here and moved to its place at last
  std::memset(out, 0, head_size(coding.bits));
  out[0] = static_cast<Byte>(coding.bits);
  std::memcpy(out + 1, coding.entries, coding.escape);
  Byte* at = out + head_size(coding.bits);
  Room<width> packed;
  for (std::size_t block = 0; block < blocks; ++block) {
    const std::size_t begin = block * block_elements, count = at_most(elements - begin, block_elements);
    const Byte* from = chunk + begin * width;
    ahead.hash(count * width);
    if (count < block_elements) {
      // Behind the last element stand some whose exponent has the code 0: no escapes, and the bits left over are zero.
      std::memcpy(packed.elements, from, count * width);
      for (std::size_t i = count; i < block_elements; ++i) {
        const std::uint16_t upper = static_cast<std::uint16_t>(coding.entries[0] << 7);
        std::memcpy(packed.elements + i * width + (width - 2), &upper, 2);
      }
      from = packed.elements;
    }
    // Straight to its place, but for the escapes: codes are written a little beyond their end, where those begin.
    const std::size_t fixed = fixed_size<width>(count, coding.bits);
    const Streams<Byte> place = streams_at<width>(at, count, coding.bits);
    const bool in_place = count == block_elements && static_cast<std::size_t>(end - at) >= fixed + slack;
    Streams<Byte> streams = in_place ? place : packed.template streams<Byte>();
    streams.escapes = packed.escapes;
    const auto escapes = static_cast<std::uint16_t>(pack_block<width>(coding, from, streams));
    if (static_cast<std::size_t>(end - at) < fixed + escapes) return 0;
    if (in_place)
      std::memcpy(place.escapes, packed.escapes, escapes);
    else
      copy_streams<width>(streams, place, count, coding.bits, escapes);
    std::memcpy(end + block * 2, &escapes, 2);
    at += fixed + escapes;
  }
  std::memmove(at, end, blocks * 2);
  return at - out + blocks * 2;
}

// ---- unpacking ----

/// Reads and checks the head: null, or what is wrong.
const char* read_head(const Byte* stored, std::size_t size, Coding& coding) {
  if (size < head_size(2) || stored[0] < 2 || stored[0] > 4 || size < head_size(stored[0]))
    return "its codes are not of 2, 3 or 4 bits";
  coding.bits = stored[0];
  coding.escape = (1u << coding.bits) - 1;
  bool known[256] = {};
  for (unsigned code = 0; code < coding.escape; ++code) {
    coding.entries[code] = stored[1 + code];
    if (known[coding.entries[code]]) return "two of its codes mean one exponent";
    known[coding.entries[code]] = true;
  }
  for (std::size_t i = 1 + coding.escape; i < head_size(coding.bits); ++i)
    if (stored[i] != 0) return "its padding is not zero";
  return nullptr;
}

/// Whether an exponent that has a code stands among the escapes: it would have two encodings.
bool has_coded(const Byte* escapes, std::size_t count, const Coding& coding) {
  Byte found = 0;
  for (unsigned code = 0; code < coding.escape; ++code)
    for (std::size_t i = 0; i < count; ++i) found |= static_cast<Byte>(escapes[i] == coding.entries[code]);
  return found != 0;
}

template <std::size_t width, bool past_cache>
const char* decode(const Byte* stored, std::size_t stored_size, Byte* to, std::size_t elements, Ahead& ahead) {
  Coding coding = {};
  if (const char* wrong = read_head(stored, stored_size, coding)) return wrong;
  const std::size_t blocks = count_blocks(elements);
  if (blocks == 0 || blocks * 2 > stored_size - head_size(coding.bits)) return "it has no place for its blocks";
  const Byte *at = stored + head_size(coding.bits), *const end = stored + stored_size,
             *const trailer = end - blocks * 2;
  const auto escapes_of = [&](std::size_t block) {
    std::uint16_t escapes;
    std::memcpy(&escapes, trailer + block * 2, 2);
    return std::size_t{escapes};
  };
  std::size_t size = fixed_size<width>(block_elements, coding.bits) * (blocks - 1) +
                     fixed_size<width>(elements - (blocks - 1) * block_elements, coding.bits);
  for (std::size_t block = 0; block < blocks; ++block) size += escapes_of(block);
  if (size != static_cast<std::size_t>(trailer - at)) return "its blocks do not add up to its size";

  for (std::size_t block = 0; block < blocks; ++block) {
    const std::size_t count = at_most(elements - block * block_elements, block_elements), escapes = escapes_of(block);
    const Streams<const Byte> streams = streams_at<width>(at, count, coding.bits);
    const Byte* const next = streams.escapes + escapes;
    std::size_t found;
    if (count == block_elements && static_cast<std::size_t>(end - streams.escapes) >= block_elements + slack) {
      found = unpack_block<width, past_cache>(coding, streams, ahead, to);
    } else {
      if (escapes > count) return "a block has more escapes than elements";
      Room<width> copy;
      copy_streams<width>(streams, copy.template streams<Byte>(), count, coding.bits, escapes);
      found = unpack_block<width, false>(coding, copy.template streams<const Byte>(), ahead, copy.elements);
      std::memcpy(to, copy.elements, count * width);
      if (count * coding.bits % 8 != 0 && streams.escapes[-1] >> count * coding.bits % 8 != 0)
        return "the bits behind its last code are not zero";
    }
    if (found != escapes) return "a block has other escapes than it counts";
    if (has_coded(streams.escapes, escapes, coding)) return "an exponent that has a code is written as an escape";
    at = next;
    to += count * width;
  }
  return nullptr;
}

}  // namespace

std::size_t encode_exponents(const std::byte* chunk, std::size_t size, std::size_t width, std::byte* out,
                             std::size_t room, std::uint64_t halves[2]) {
  const auto encode_width = width == 2 ? encode<2> : encode<4>;
  const Byte* const bytes = reinterpret_cast<const Byte*>(chunk);
  RunningHash running;
  if (halves) begin(running);
  Ahead ahead{halves ? &running : nullptr, bytes, bytes + size};
  const std::size_t packed = encode_width(bytes, size, reinterpret_cast<Byte*>(out), room, ahead);
  ahead.hash(size);
  if (halves) finish(running, halves);
  clear_upper_halves();
  return packed;
}

const char* decode_exponents(const std::byte* stored, std::size_t stored_size, std::size_t width, std::byte* to,
                             std::size_t size, std::uint64_t halves[2]) {
  const bool past_cache = size >= large_size && begins_line(to);
  const auto decode_width = width == 2   ? past_cache ? decode<2, true> : decode<2, false>
                              : past_cache ? decode<4, true>
                                         : decode<4, false>;
  const Byte* const bytes = reinterpret_cast<const Byte*>(stored);
  RunningHash running;
  if (halves) begin(running);
  Ahead ahead{halves ? &running : nullptr, bytes, bytes + stored_size};
  const char* const wrong = decode_width(bytes, stored_size, reinterpret_cast<Byte*>(to), size / width, ahead);
  ahead.hash(stored_size);
  if (halves) finish(running, halves);
  if (past_cache) finish_stores();
  clear_upper_halves();
  return wrong;
}

}  // namespace cairn::io
