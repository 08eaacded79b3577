// Memory that is used again: blocks of a thread, sorted by size class, kept up to a limit.
//
// A training step makes and drops the same tensors and graph nodes again and again. Blocks come in four sizes per power
// of two; a freed one goes to the list of its class and is the next one given out, so that a step in steady state asks
// the system for nothing. A thread keeps at most `pool_limit` bytes; what is beyond goes back. A block may be freed on
// another thread than it was taken on: it then belongs to that thread's pool.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cairn {

inline constexpr std::size_t pool_limit = std::size_t{64} << 20;
inline constexpr std::size_t block_alignment = 64;

class Pool {
 public:
  constexpr Pool() = default;

  /// At least `size` bytes, aligned to 64. Throws std::bad_alloc.
  void* allocate(std::size_t size) {
    const int c = size_class(size);
    if (c < class_count && lists_[c]) [[likely]] {
      Block* block = lists_[c];
      lists_[c] = block->next;
      kept_ -= class_size(c);
      return block;
    }
    return allocate_from_system(size, c);
  }

  /// Takes back a block that was allocated with the same size.
  void release(void* memory, std::size_t size) noexcept {
    const int c = size_class(size);
    if (c < class_count && kept_ + class_size(c) <= limit_) [[likely]] {
      Block* block = static_cast<Block*>(memory);
      block->next = lists_[c];
      lists_[c] = block;
      kept_ += class_size(c);
      return;
    }
    release_slowly(memory, size);
  }

  void clear() noexcept;  ///< Gives everything kept back to the system.
  void close() noexcept;  ///< As `clear`, and keeps nothing any more: the thread is ending.

  static constexpr int class_count = 4 * 20 + 1;

  /// Class c holds blocks of (4 + c % 4) << (c / 4) units of 64 / 4 bytes: 64, 80 -> rounded to 128 ... see class_size.
  static constexpr int size_class(std::size_t size) {
    const std::size_t units = (size + block_alignment - 1) / block_alignment;  // of 64 bytes
    if (units <= 4) return units == 0 ? 0 : static_cast<int>(units) - 1;       // 64, 128, 192, 256
    const int top = 63 - __builtin_clzll(units - 1);                           // 2^top <= units - 1
    return 4 + 4 * (top - 2) + static_cast<int>((units - 1) >> (top - 2)) - 4;
  }
  static constexpr std::size_t class_size(int c) {
    if (c < 4) return static_cast<std::size_t>(c + 1) * block_alignment;
    const int top = (c - 4) / 4;
    return static_cast<std::size_t>((c - 4) % 4 + 5) << top << 6;
  }

 private:
  struct Block {
    Block* next;
  };

  void* allocate_from_system(std::size_t size, int size_class);
  void release_slowly(void* memory, std::size_t size) noexcept;
  void open() noexcept;

  Block* lists_[class_count] = {};
  std::size_t kept_ = 0;
  std::size_t limit_ = 0;  // until the first call that leaves the fast path
  bool closed_ = false;
};

}  // namespace cairn
