// This program's malloc: it counts its calls, and fails where a test wants it to.
#pragma once

#include <cstdint>

std::int64_t allocations();  ///< So far, by all threads.

template <class F>
std::int64_t allocations_during(F&& f) {
  const std::int64_t before = allocations();
  f();
  return allocations() - before;
}

/// While it lives, allocation number `count` of this thread, from 0, fails; only that one.
class FailingAllocation {
 public:
  explicit FailingAllocation(std::int64_t count);
  ~FailingAllocation();
  FailingAllocation(const FailingAllocation&) = delete;
  FailingAllocation& operator=(const FailingAllocation&) = delete;
  bool happened() const;
};
