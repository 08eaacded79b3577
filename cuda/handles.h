// The runtime's objects, given back where their scope ends. Their functions are not asked how that went: nothing can be
// done about it there, and where it matters a later call says so.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

#include <cairn/cuda/errors.h>

namespace cairn::cuda {

/// A place in a stream's work.
class Event {
 public:
  Event() { check(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming)); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  void record(cudaStream_t stream) { check(cudaEventRecord(event_, stream)); }
  void wait() { check_wait(cudaEventSynchronize(event_)); }
  void wait_on(cudaStream_t stream) { check(cudaStreamWaitEvent(stream, event_, 0)); }

 private:
  cudaEvent_t event_ = nullptr;
};

/// Work that does not wait for the application's default stream.
class Stream {
 public:
  Stream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
  ~Stream() { cudaStreamDestroy(stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

/// Host memory that the GPU reads and writes by itself.
class Pinned {
 public:
  explicit Pinned(std::size_t size) {
    void* memory = nullptr;
    check(cudaHostAlloc(&memory, size, cudaHostAllocPortable | cudaHostAllocMapped));
    memory_ = static_cast<char*>(memory);
  }
  ~Pinned() { cudaFreeHost(memory_); }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;
  char* get() const { return memory_; }

 private:
  char* memory_ = nullptr;
};

}  // namespace cairn::cuda
