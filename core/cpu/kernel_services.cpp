// What kernels get from the rest of core, as C functions: see kernel.h.

#include <cairn/core/cpu/failure.h>

#include <cstdio>

#include <cairn/core/parallel.h>
#include <cairn/core/thread_state.h>

namespace cairn {

constinit thread_local KernelFailure kernel_failure;

}

extern "C" {

void cairn_kernel_parallel_for(std::int64_t count, void (*task)(void* context, std::int64_t i), void* context) {
  cairn::detail::parallel_for(count, task, context);
}
int cairn_kernel_concurrency() { return cairn::concurrency(); }
void* cairn_kernel_allocate(std::size_t size) { return cairn::thread_state.pool.allocate(size); }
void cairn_kernel_fail(const char* why) {
  std::snprintf(cairn::kernel_failure.why, sizeof cairn::kernel_failure.why, "%s", why);
  cairn::kernel_failure.failed = true;
}
void cairn_kernel_release(void* memory, std::size_t size) { cairn::thread_state.pool.release(memory, size); }
}
