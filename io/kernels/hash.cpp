// Hashing with XXH3, by its own loops for the instruction set, and hashing what is copied.
//
// Reading memory is what takes the time. So a piece is hashed and, while it lies in the first-level cache, copied; and
// the copy asks for the bytes of some pieces later, so that memory is at work all the time. Past the cache a copy costs
// two transfers a byte, through it three: the line that is written is read first.
#include <cairn/io/kernels/hash.h>

#include <new>

#include <cairn/io/kernels/store.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cairn::io {

namespace {

constexpr std::size_t piece_size = 512, ahead = 4096;  // measured: the best of 512 to 4,096 and none to 16,384

XXH3_state_t* state_of(RunningHash& running) { return reinterpret_cast<XXH3_state_t*>(running.state); }
static_assert(sizeof(XXH3_state_t) <= sizeof(RunningHash) && alignof(XXH3_state_t) <= alignof(RunningHash));

void give(XXH128_hash_t value, std::uint64_t halves[2]) {
  halves[0] = value.low64;
  halves[1] = value.high64;
}

void copy_piece(std::byte* to, const std::byte* from) {
  for (std::size_t i = 0; i < piece_size; i += line_size) {
    __builtin_prefetch(reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(from) + i + ahead));
    stream_line(to + i, from + i);
  }
}

}  // namespace

void begin(RunningHash& running) { XXH3_128bits_reset(new (running.state) XXH3_state_t); }
void add(RunningHash& running, const std::byte* bytes, std::size_t size) {
  XXH3_128bits_update(state_of(running), bytes, size);
}
void finish(RunningHash& running, std::uint64_t halves[2]) { give(XXH3_128bits_digest(state_of(running)), halves); }

void hash(const std::byte* bytes, std::size_t size, std::uint64_t halves[2]) {
  give(XXH3_128bits(bytes, size), halves);
  clear_upper_halves();
}

void copy_past_cache(const std::byte* from, std::size_t size, std::byte* to) {
  const std::byte* const end = from + size;
  const std::size_t before_line = size < line_size ? size : -reinterpret_cast<std::uintptr_t>(to) % line_size;
  if (before_line > 0) std::memcpy(to, from, before_line);
  from += before_line, to += before_line;
  for (; static_cast<std::size_t>(end - from) >= piece_size; from += piece_size, to += piece_size) copy_piece(to, from);
  if (end != from) std::memcpy(to, from, end - from);
  finish_stores();
  clear_upper_halves();
}

void hash_and_copy(const std::byte* from, std::size_t size, std::byte* to, std::uint64_t halves[2]) {
  if (size < large_size) {
    hash(from, size, halves);
    if (size > 0) std::memcpy(to, from, size);
    return;
  }
  RunningHash running;
  begin(running);
  const std::byte* const end = from + size;
  const std::size_t before_line = -reinterpret_cast<std::uintptr_t>(to) % line_size;
  add(running, from, before_line);
  std::memcpy(to, from, before_line);
  from += before_line, to += before_line;
  for (; static_cast<std::size_t>(end - from) >= piece_size; from += piece_size, to += piece_size) {
    add(running, from, piece_size);
    copy_piece(to, from);
  }
  add(running, from, end - from);
  std::memcpy(to, from, end - from);
  finish_stores();
  finish(running, halves);
  clear_upper_halves();
}

}  // namespace cairn::io
