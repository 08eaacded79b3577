#include <cstdint>
#include <thread>

#include <cairn/core.h>
#include <cairn/core/pool.h>

#include "catch.h"

using namespace cairn;

TEST_CASE("every size has a class that holds it, and no smaller one would") {
  for (std::size_t size = 1; size < (std::size_t{1} << 30); size += 1 + size / 7) {
    const int c = Pool::size_class(size);
    if (c >= Pool::class_count) continue;
    CHECK(Pool::class_size(c) >= size);
    if (c > 0) CHECK(Pool::class_size(c - 1) < size);
  }
}

TEST_CASE("a freed block is the next one given out, and stays aligned") {
  Pool pool;
  void* first = pool.allocate(1000);
  CHECK(reinterpret_cast<std::uintptr_t>(first) % block_alignment == 0);
  pool.release(first, 1000);
  CHECK(pool.allocate(990) == first);
  pool.release(first, 990);
  pool.clear();
}

TEST_CASE("a tensor may be freed on another thread than it was made on") {
  Tensor made = ones({1000});
  std::thread([moved = std::move(made)]() mutable { moved = Tensor(); }).join();
  CHECK(ones({1000})[999].item() == 1);
}
