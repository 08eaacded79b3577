#include <cairn/core/pool.h>

#include <cairn/core/huge_pages.h>
#include <cairn/core/thread_state.h>

#include <cstdlib>
#include <initializer_list>
#include <new>

namespace cairn {

constinit thread_local ThreadState thread_state;

namespace {

/// Empties the thread's pool when the thread ends. Its constructor runs when the pool opens.
struct PoolCloser {
  bool armed = false;
  ~PoolCloser() { thread_state.pool.close(); }
};
thread_local PoolCloser pool_closer;

}  // namespace

static_assert([] {
  for (const std::size_t size : std::initializer_list<std::size_t>{1, 64, 65, 256, 257, 320, 321, 1000, 4096, 4097,
                                                                   1 << 20, (1 << 20) + 1, 50 << 20}) {
    const int c = Pool::size_class(size);
    if (Pool::class_size(c) < size || (c > 0 && Pool::class_size(c - 1) >= size)) return false;
  }
  return true;
}());

/// On the first allocation from the system, or the first block that is freed: a thread may do the one without the
/// other.
void Pool::open() noexcept {
  pool_closer.armed = true;
  limit_ = pool_limit;
}

void* Pool::allocate_from_system(std::size_t size, int c) {
  if (limit_ == 0 && !closed_) open();
  const std::size_t rounded =
      c < class_count ? class_size(c) : (size + block_alignment - 1) / block_alignment * block_alignment;
  if (rounded < size) throw std::bad_alloc();
  void* memory = std::aligned_alloc(block_alignment, rounded);
  if (!memory) {
    clear();
    memory = std::aligned_alloc(block_alignment, rounded);
    if (!memory) throw std::bad_alloc();
  }
  prefer_huge_pages(memory, size);
  return memory;
}

void Pool::release_slowly(void* memory, std::size_t size) noexcept {
  if (limit_ != 0 || closed_) return std::free(memory);
  open();
  release(memory, size);
}

void Pool::clear() noexcept {
  for (Block*& list : lists_) {
    while (list) {
      Block* next = list->next;
      std::free(list);
      list = next;
    }
  }
  kept_ = 0;
}

void Pool::close() noexcept {
  clear();
  limit_ = 0;
  closed_ = true;
}

}  // namespace cairn
