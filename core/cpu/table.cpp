// The kernel table of one instruction set, put together once. What a set leaves out, cpu_backend.cpp takes from the
// baseline.

#include <cairn/core/cpu/kernel.h>

#define CAIRN_JOIN_(a, b) a##b
#define CAIRN_JOIN(a, b) CAIRN_JOIN_(a, b)

namespace cairn {
namespace {

KernelTable table;

}  // namespace
}  // namespace cairn

/// Called under a lock, by cpu_backend.cpp.
extern "C" void* CAIRN_JOIN(cairn_kernels_, CAIRN_INSTRUCTION_SET)() {
  using namespace cairn;
  add_elementwise_kernels(table);
#ifdef CAIRN_HAS_MEMORY_KERNELS
  add_memory_kernels(table);
#endif
  add_reduction_kernels(table);
  add_matmul_kernels(table);
  add_softmax_kernels(table);
  add_loss_kernels(table);
  add_batch_norm_kernels(table);
  add_update_kernels(table);
  return &table;
}
