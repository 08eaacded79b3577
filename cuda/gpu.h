// One GPU as this process uses it: its stream, its memory pool, its staging for copies, its cuBLAS, its faults.
//
//                    host                        │  GPU
//   pageable memory ◄─► pinned staging (staging.h) ◄─► memory pool (memory_pool.h)
//                                                │     ▲ kernels, in order of the stream
//                    fault word (pinned, mapped) ◄──── written by kernels that meet bad input
//
// A Gpu is made on first use and lives as long as the process. Its functions may be called from any thread, on which it
// is the current GPU (UseGpu).
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include <cairn/core/devices.h>
#include <cairn/cuda/fault.h>

namespace cairn::cuda {

class Blas;

class Gpu {
 public:
  /// How many there are; 0 where there is no driver, and then `why_none` has the text.
  static int count();
  static const char* why_none();

  /// Throws Failure for a GPU that is not there, or cannot be prepared.
  static Gpu& at(int index);

  /// The name of the product.
  const char* name() const { return properties_.name; }
  int multiprocessors() const { return properties_.multiProcessorCount; }

  /// The stream behind the table's `void*`: null stands for the device's own.
  cudaStream_t stream(void* given) const { return given ? static_cast<cudaStream_t>(given) : stream_; }

  /// In stream order. `allocate` throws Failure with Status::out_of_memory, saying what was asked, used and free.
  void* allocate(std::size_t size, cudaStream_t stream);
  void release(void* memory, std::size_t size, cudaStream_t stream);

  MemoryStatistics memory();
  void limit_memory(std::size_t limit);
  void trim_memory();
  void reset_peak();

  /// Returns when `from` may be reused; the copy itself goes on in stream order.
  void copy_in(void* to, const void* from, std::size_t size, cudaStream_t stream);
  /// Returns when the bytes are there. Throws what failed before, and faults.
  void copy_out(void* to, const void* from, std::size_t size, cudaStream_t stream);

  /// Waits for the stream. Throws Failure for what failed of the work queued on it, saying so.
  void synchronize(cudaStream_t stream);

  /// To be called before a stream is destroyed.
  void leave(cudaStream_t stream);

  /// Where kernels report bad input: an address the GPU can write.
  FaultWord* faults() { return faults_on_device_; }

  /// cuBLAS, opened on first use; throws Failure when it cannot be.
  Blas& blas();

  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

 private:
  explicit Gpu(int index);
  ~Gpu() = delete;  // never: the driver may be gone before static objects are
  void check_faults();

  struct Parts;  // gpu.cpp
  cudaDeviceProp properties_;
  std::unique_ptr<Parts> parts_;
  cudaStream_t stream_ = nullptr;
  FaultWord* faults_on_device_ = nullptr;
};

/// Makes a GPU the calling thread's current one for a scope, and the one before it current again: the application may
/// use CUDA as well.
class UseGpu {
 public:
  explicit UseGpu(int index);
  ~UseGpu();
  UseGpu(const UseGpu&) = delete;
  UseGpu& operator=(const UseGpu&) = delete;

 private:
  int before_ = -1;  // -1: nothing to restore
};

}  // namespace cairn::cuda
