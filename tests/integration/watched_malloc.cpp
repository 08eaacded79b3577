#include "watched_malloc.h"

#include <atomic>
#include <cerrno>
#include <cstddef>

namespace {

constexpr std::int64_t never = -1;

std::atomic<std::int64_t> counted{0};
thread_local std::int64_t until_failure = never;

bool fails() {
  ++counted;
  if (until_failure == never || until_failure-- > 0) return false;
  errno = ENOMEM;
  return true;
}

}  // namespace

std::int64_t allocations() { return counted; }

FailingAllocation::FailingAllocation(std::int64_t count) { until_failure = count; }
FailingAllocation::~FailingAllocation() { until_failure = never; }
bool FailingAllocation::happened() const { return until_failure == never; }

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) { return fails() ? nullptr : __libc_malloc(size); }
void* calloc(std::size_t count, std::size_t size) { return fails() ? nullptr : __libc_calloc(count, size); }
void* realloc(void* memory, std::size_t size) { return fails() ? nullptr : __libc_realloc(memory, size); }
void* memalign(std::size_t alignment, std::size_t size) { return fails() ? nullptr : __libc_memalign(alignment, size); }
void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  *memory = memalign(alignment, size);
  return *memory ? 0 : ENOMEM;
}
}
