// What the sanitizers must be told: that a fiber's stack is a stack, and which memory of a device is allocated.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace emulation {

/// One of the stacks that are switched between. The scheduler's is the host thread's own, whichever that is.
struct SwitchState {
  const void* bottom = nullptr;
  std::size_t size = 0;
  void* fake_stack = nullptr;
  void* fiber = nullptr;  // ThreadSanitizer's

  void set_stack([[maybe_unused]] const void* stack, [[maybe_unused]] std::size_t stack_size) {
    bottom = stack;
    size = stack_size;
#if defined(__SANITIZE_THREAD__)
    fiber = __tsan_create_fiber(0);
#endif
  }
};

inline void before_switch([[maybe_unused]] SwitchState& from, [[maybe_unused]] SwitchState& to) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&from.fake_stack, to.bottom, to.size);
#endif
#if defined(__SANITIZE_THREAD__)
  from.fiber = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(to.fiber, 0);
#endif
}

/// On the stack that was switched to; `coming_from` learns where its stack was, if it is the scheduler's.
inline void after_switch([[maybe_unused]] SwitchState& here, [[maybe_unused]] SwitchState* coming_from = nullptr) {
#if defined(__SANITIZE_ADDRESS__)
  const void* bottom = nullptr;
  std::size_t size = 0;
  __sanitizer_finish_switch_fiber(here.fake_stack, &bottom, &size);
  if (coming_from) {
    coming_from->bottom = bottom;
    coming_from->size = size;
  }
#endif
}

/// A stack that will not be run to its end: what was poisoned there may be used again.
inline void abandon_stack([[maybe_unused]] void* stack, [[maybe_unused]] std::size_t size) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(stack, size);
#endif
}

inline void forbid([[maybe_unused]] const void* memory, [[maybe_unused]] std::size_t size) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_poison_memory_region(memory, size);
#endif
}
inline void permit([[maybe_unused]] const void* memory, [[maybe_unused]] std::size_t size) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(memory, size);
#endif
}

}  // namespace emulation
