// The frame of the GPU's kernels: what the host side of one is given, and the table it is entered in.
//
// A kernel file (*.cu) holds __global__ functions and, for each operation, one host function that works out shapes and
// launches them. Host functions are entered by operation and dtype. They queue work and return; what they throw
// (Failure, errors.h) becomes a status at the table.
#pragma once

#include <cuda_runtime_api.h>

#include <cairn/core/attributes.h>
#include <cairn/core/backend.h>
#include <cairn/core/number.h>
#include <cairn/core/type_list.h>
#include <cairn/cuda/errors.h>
#include <cairn/cuda/gpu.h>

namespace cairn::cuda {

struct Context {
  Gpu& gpu;
  cudaStream_t stream;
};

using Kernel = void (*)(Context& context, const KernelCall& call);

struct KernelTable {
  Kernel at[operation_count][dtype_count] = {};

  template <class T>
  void set(Operation operation, Kernel kernel) {
    at[static_cast<int>(operation)][static_cast<int>(dtype_of<T>)] = kernel;
  }
};

// Each file's contribution to the table.
void add_elementwise_kernels(KernelTable& table);
void add_memory_kernels(KernelTable& table);
void add_indexing_kernels(KernelTable& table);
void add_reduction_kernels(KernelTable& table);
void add_matmul_kernels(KernelTable& table);
void add_softmax_kernels(KernelTable& table);
void add_loss_kernels(KernelTable& table);
void add_elementwise_loss_kernels(KernelTable& table);
void add_batch_norm_kernels(KernelTable& table);
void add_convolution_kernels(KernelTable& table);
void add_pooling_kernels(KernelTable& table);
void add_layer_norm_kernels(KernelTable& table);
void add_update_kernels(KernelTable& table);

/// Backend::uniform; random.cu.
void uniform(Context& context, const View& view, std::uint64_t seed, std::uint64_t counter, double from, double to);

/// What arithmetic is offered for; the small floats are computed with as float.
using FloatTypes = TypeList<float16, bfloat16, float, double>;
using ArithmeticTypes = TypeList<float16, bfloat16, float, double, std::int64_t>;

template <class T>
T* data_of(const View& view) {
  return static_cast<T*>(view.data);
}
/// Null for an operand that was not given.
template <class T>
T* data_or_null(const View& view) {
  return view.present() ? static_cast<T*>(view.data) : nullptr;
}

inline std::int64_t numel_of(const View& view) {
  std::int64_t count = 1;
  for (int i = 0; i < view.rank; ++i) count *= view.dims[i];
  return count;
}

/// Memory for one call, given back in stream order: the kernels queued before may still use it.
template <class T>
class Scratch {
 public:
  Scratch(Context& context, std::int64_t count)
      : context_(context),
        size_(static_cast<std::size_t>(count) * sizeof(T)),
        data_(size_ ? static_cast<T*>(context.gpu.allocate(size_, context.stream)) : nullptr) {}
  ~Scratch() {
    if (data_) guarded([&] { context_.gpu.release(data_, size_, context_.stream); });
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  T* data() const { return data_; }

 private:
  Context& context_;
  std::size_t size_;
  T* data_;
};

}  // namespace cairn::cuda
