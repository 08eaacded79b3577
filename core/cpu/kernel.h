// The frame of the CPU's kernels.
//
// The files that include this are compiled once for each instruction set, with two macros on the command line:
//
//   -DCAIRN_INSTRUCTION_SET=avx2       names the entry point: cairn_kernels_avx2
//   -Dcairn=cairn_avx2                 puts everything into a namespace of its own, Eigen likewise
//
// so that no function compiled for AVX-512 can be the one the linker picks for an older machine; a test looks at the
// symbols. For the same reason nothing of std:: that is a template with state (containers, strings, streams) stands in
// these files, and what they need from the rest of core comes through the C functions below.
#pragma once

#include <cairn/core/attributes.h>
#include <cairn/core/backend.h>

namespace cairn {

using Kernel = void (*)(const KernelCall& call);

struct KernelTable {
  Kernel at[operation_count][dtype_count];

  template <class T>
  void set(Operation operation, Kernel kernel) {
    at[static_cast<int>(operation)][static_cast<int>(dtype_of<T>)] = kernel;
  }
};

// Each file's contribution to the table.
void add_elementwise_kernels(KernelTable& table);
void add_memory_kernels(KernelTable& table);
void add_reduction_kernels(KernelTable& table);
void add_indexing_kernels(KernelTable& table);
void add_matmul_kernels(KernelTable& table);
void add_softmax_kernels(KernelTable& table);
void add_loss_kernels(KernelTable& table);
void add_elementwise_loss_kernels(KernelTable& table);
void add_batch_norm_kernels(KernelTable& table);
void add_convolution_kernels(KernelTable& table);
void add_pooling_kernels(KernelTable& table);
void add_layer_norm_kernels(KernelTable& table);
void add_update_kernels(KernelTable& table);

}  // namespace cairn

extern "C" {

/// parallel_for, the pool of the calling thread, and how many threads take part (kernel_services.cpp).
void cairn_kernel_parallel_for(std::int64_t count, void (*task)(void* context, std::int64_t i), void* context);
int cairn_kernel_concurrency();
void* cairn_kernel_allocate(std::size_t size);
void cairn_kernel_release(void* memory, std::size_t size);

/// Says, from the thread that called the kernel, why it refused its operands; it has written nothing then.
void cairn_kernel_fail(const char* why);

/// How elements of a dtype come to be float32, float64 or int64 side by side, and how those are stored (memory.cpp).
using CairnLoadBlock = void (*)(void* block, const void* from, std::int64_t stride, std::int64_t count);
using CairnStoreBlock = void (*)(void* to, std::int64_t stride, const void* block, std::int64_t count);
CairnLoadBlock cairn_kernel_load_block(cairn::DType from, cairn::DType computed);
CairnStoreBlock cairn_kernel_store_block(cairn::DType to, cairn::DType computed);
}

namespace cairn {

inline std::int64_t at_most(std::int64_t a, std::int64_t b) { return a < b ? a : b; }

/// Clears the upper halves of wide registers, as whoever calls code of another instruction set must. g++ 12 leaves it
/// out where a function ends in a call that takes a packet; all code for SSE, the application's included, then runs at
/// half its speed. For kernels themselves the backend does it.
inline void clear_upper_halves() {
#ifdef __AVX__
  __builtin_ia32_vzeroupper();
#endif
}

/// A task as a C function. Not inlined, so that a kernel's body is compiled once, however it is called.
template <class F>
[[gnu::noinline]] void run_task(void* context, std::int64_t i) {
  (*static_cast<F*>(context))(i);
  clear_upper_halves();
}

/// Calls f(i) for every i of [0, count), on several threads if `worthwhile`.
template <class F>
void kernel_parallel_for(std::int64_t count, bool worthwhile, F&& f) {
  using Body = std::remove_reference_t<F>;
  if (!worthwhile || count < 2 || cairn_kernel_concurrency() < 2) {
    for (std::int64_t i = 0; i < count; ++i) run_task<Body>(&f, i);
    return;
  }
  cairn_kernel_parallel_for(count, run_task<Body>, &f);
}

/// Scratch memory: a little of the stack's, more of the thread's pool.
template <class T>
class Scratch {
 public:
  explicit Scratch(std::int64_t count)
      : size_(static_cast<std::size_t>(count) * sizeof(T)),
        data_(static_cast<T*>(size_ <= sizeof near_ ? near_ : cairn_kernel_allocate(size_))) {}
  ~Scratch() {
    if (size_ > sizeof near_) cairn_kernel_release(data_, size_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  T* data() { return data_; }
  T& operator[](std::int64_t i) { return data_[i]; }

 private:
  std::size_t size_;
  T* data_;
  alignas(64) char near_[256];
};

template <class T>
T* data_of(const View& view) {
  return static_cast<T*>(view.data);
}

inline std::int64_t numel_of(const View& view) {
  std::int64_t count = 1;
  for (int i = 0; i < view.rank; ++i) count *= view.dims[i];
  return count;
}

/// Float and double, and all three types arithmetic is done in.
using FloatTypes = TypeList<float, double>;
using ArithmeticTypes = TypeList<float, double, std::int64_t>;

}  // namespace cairn
