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

class Staging {
 public:
  /// Empties it. What is put in from now on is at most `largest` bytes at a time and `total` in all.
  void begin(std::uint64_t limit, std::uint64_t largest, std::uint64_t total);

  /// Copies a chunk in, waiting for room. False when the taker has given up: nothing more is wanted.
  bool put(std::span<const std::byte> bytes);

  /// The next chunk, waiting for it; valid until `release`. Nothing when the putter has given up.
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
  bool taken_ = false, given_up_ = false;
};

}  // namespace cairn::io
