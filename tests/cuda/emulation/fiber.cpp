#include "fiber.h"

#include <sys/mman.h>

#include <cstdlib>

namespace emulation {
namespace {

constexpr std::size_t stack_size = std::size_t{256} << 10, guard_size = 4096;

#if CAIRN_EMULATION_JUMPS
[[noreturn, gnu::noinline]] void jump(void** place) { __builtin_longjmp(place, 1); }
#else
ucontext_t outside_context;
#endif

}  // namespace

Fiber::Fiber(void (*work)())
    : stack_(static_cast<char*>(mmap(nullptr, guard_size + stack_size, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))) {
  if (stack_ == MAP_FAILED || mprotect(stack_, guard_size, PROT_NONE) != 0) std::abort();
  static std::size_t made = 0;
  const std::size_t color = made++ % 64 * 448;  // else all tops of stacks share a few lines of the cache
  switching_.set_stack(stack_ + guard_size, stack_size);
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack_ + guard_size;
  context_.uc_stack.ss_size = stack_size - color;
  context_.uc_link = nullptr;
  makecontext(&context_, work, 0);
}

Fiber::~Fiber() {
  abandon_stack(stack_ + guard_size, stack_size);
  munmap(stack_, guard_size + stack_size);
}

void Fiber::arrived() { after_switch(switching_, &outside_switching_); }

#if CAIRN_EMULATION_JUMPS

[[gnu::noinline]] void Fiber::enter() {
  if (__builtin_setjmp(outside_) != 0) return;
  if (started_) jump(inside_);
  started_ = true;
  setcontext(&context_);
}

[[gnu::noinline]] void Fiber::leave() {
  if (__builtin_setjmp(inside_) == 0) jump(outside_);
}

#else

void Fiber::enter() {
  before_switch(outside_switching_, switching_);
  swapcontext(&outside_context, &context_);
  after_switch(outside_switching_);
}

void Fiber::leave() {
  before_switch(switching_, outside_switching_);
  swapcontext(&context_, &outside_context);
  after_switch(switching_, &outside_switching_);
}

#endif

}  // namespace emulation
