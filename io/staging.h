// Bytes between two threads: one copies chunks in, in order, the other takes them out in the same order.
//
//   ┌──────────────────────────────────────────┐      a ring: a chunk lies together, so one that does not fit before
//   │ chunk 7 │ (unused) │ chunk 4 │ 5 │ chunk 6 │      the end begins at the start again
//   └──────────────────────────────────────────┘
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>

#include <cairn/io/bytes.h>

namespace cairn::io {

inline constexpr std::size_t staging_alignment = 64;  // of chunks in the ring

class Staging {
 public:
  /// Empties it. What is put in from now on is at most `largest` bytes at a time and `total` in all, each chunk's
  /// counted up to a multiple of the alignment.
  void begin(std::uint64_t limit, std::uint64_t largest, std::uint64_t total);

  /// Whoever puts has put everything.
  void complete();

  /// Copies a chunk in, waiting for room. False when the taker has given up: nothing more is wanted.
  bool put(std::span<const std::byte> bytes);

  /// The next chunk, waiting for it; valid until `release`. If all fits in, it waits until all is: the caller is held
  /// no longer than a copy takes, with nobody else at the memory. Nothing when the putter has given up.
  std::optional<std::span<const std::byte>> take();
  void release();

  void give_up();  ///< By either: the other stops waiting.

 private:
  struct Chunk {
    std::size_t offset, size;
  };
  std::optional<std::size_t> room_for(std::size_t size) const;

  std::mutex mutex_;
  std::condition_variable changed_;
  Buffer memory_;
  std::span<std::byte> ring_;
  std::deque<Chunk> chunks_;  // in the ring, oldest first, the one that is taken out included
  bool fits_ = false, complete_ = false, given_up_ = false;
};

}  // namespace cairn::io
