// A function with a stack of its own, which can be left in the middle and entered again.
#pragma once

#include <ucontext.h>

#include "sanitizers.h"

// g++'s own jumps take some nanoseconds, the library's a system call; it is for sanitizers and other compilers.
#if defined(__clang__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAIRN_EMULATION_JUMPS 0
#else
#define CAIRN_EMULATION_JUMPS 1
#endif

namespace emulation {

class Fiber {
 public:
  /// `work` calls `arrived` first, and never returns.
  explicit Fiber(void (*work)());
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  void enter();    ///< From outside: runs it until it leaves.
  void leave();    ///< From inside.
  void arrived();  ///< From inside, at the start.

 private:
  ucontext_t context_;
  char* stack_;
#if CAIRN_EMULATION_JUMPS
  void *inside_[5], *outside_[5];  // where execution goes on, in the compiler's form
  bool started_ = false;
#endif
  SwitchState switching_, outside_switching_;
};

}  // namespace emulation
