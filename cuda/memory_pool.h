// A GPU's memory, as this process takes it: a pool of its own (the application's stays as it is), with accounts.
//
// The pool keeps what was given back for what comes next: without that, every allocation would ask the driver, and
// wait. Memory given back on one stream is reused on another only where an event orders them: the runtime's other two
// ways depend on how far the GPU has come, so that how much memory a run takes would differ from run to run.
#pragma once

#include <cuda_runtime_api.h>

#include <atomic>
#include <cstddef>

#include <cairn/core/devices.h>

namespace cairn::cuda {

class MemoryPool {
 public:
  explicit MemoryPool(int gpu);
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  /// In order of the stream; no bytes are null. Throws Failure with Status::out_of_memory, and then nothing has
  /// changed.
  void* allocate(std::size_t size, cudaStream_t stream);
  void release(void* memory, std::size_t size, cudaStream_t stream);

  MemoryStatistics statistics() const;
  void limit(std::size_t bytes) { limit_ = bytes; }  ///< 0: none.
  void trim();
  void reset_peak() { peak_ = used_.load(); }

 private:
  bool enter(std::size_t size, std::size_t& used_after);
  [[noreturn]] void fail(std::size_t size) const;

  int gpu_;
  cudaMemPool_t pool_ = nullptr;
  std::atomic<std::size_t> used_ = 0, peak_ = 0, limit_ = 0;
};

}  // namespace cairn::cuda
