// The kernel table of one instruction set, put together once. What a set leaves out, cpu_backend.cpp takes from the
// baseline.

#include <cairn/core/cpu/kernel.h>

#define CAIRN_JOIN_(a, b) a##b
#define CAIRN_JOIN(a, b) CAIRN_JOIN_(a, b)

namespace cairn {
namespace {

KernelTable table;

/// Float memory of the operand's shape, row by row.
struct Wide {
  View view;
  std::int64_t strides[64];
  std::size_t size;  // in bytes; 0: the operand stays as it is

  void make(const View& of) {
    view = {nullptr, of.dims, strides, of.rank, DType::float32, 1};
    std::int64_t stride = 1;
    for (int d = of.rank - 1; d >= 0; --d) {
      strides[d] = stride;
      stride *= of.dims[d];
    }
    size = static_cast<std::size_t>(stride) * sizeof(float);
    if (size) view.data = cairn_kernel_allocate(size);
  }
};

void copy(const View& to, const View& from) {
  const View operands[] = {to, from};
  table.at[static_cast<int>(Operation::copy)][static_cast<int>(to.dtype)](
      {Operation::copy, to.dtype, 2, operands, nullptr, 0});
}

/// A kernel of small floats where there is none: the one of float32 on widened copies, its results rounded once.
void widened(const KernelCall& call) {
  Scratch<Wide> wide(call.count);
  Scratch<View> operands(call.count);
  for (int i = 0; i < call.count; ++i) {
    const View& operand = call.operands[i];
    operands[i] = operand;
    wide[i].size = 0;
    if (!operand.present() || operand.dtype != call.dtype) continue;
    wide[i].make(operand);
    operands[i] = wide[i].view;
    if (wide[i].size) copy(wide[i].view, operand);
  }
  table.at[static_cast<int>(call.operation)][static_cast<int>(DType::float32)](
      {call.operation, DType::float32, call.count, operands.data(), call.attributes, call.attributes_size});
  for (int i = 0; i < call.count; ++i) {
    if (!wide[i].size) continue;
    if (i < output_count(call.operation)) copy(call.operands[i], wide[i].view);
    cairn_kernel_release(wide[i].view.data, wide[i].size);
  }
}

}  // namespace
}  // namespace cairn

/// Called under a lock, by cpu_backend.cpp.
extern "C" void* CAIRN_JOIN(cairn_kernels_, CAIRN_INSTRUCTION_SET)() {
  using namespace cairn;
  add_elementwise_kernels(table);
#ifdef CAIRN_HAS_MEMORY_KERNELS
  add_memory_kernels(table);
  add_indexing_kernels(table);
#endif
  add_reduction_kernels(table);
  add_matmul_kernels(table);
  add_softmax_kernels(table);
  add_loss_kernels(table);
  add_elementwise_loss_kernels(table);
  add_batch_norm_kernels(table);
  add_convolution_kernels(table);
  add_pooling_kernels(table);
  add_layer_norm_kernels(table);
  add_update_kernels(table);
  for (auto& kernels : table.at) {
    for (const DType narrow : {DType::float16, DType::bfloat16}) {
      Kernel& kernel = kernels[static_cast<int>(narrow)];
      if (!kernel && kernels[static_cast<int>(DType::float32)]) kernel = widened;
    }
  }
  return &table;
}
