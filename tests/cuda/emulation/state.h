// What the emulated runtime knows: devices, streams, events, pools, and the errors that tests ask for.
//
// One lock guards all of it, and the execution of work too: only one thing happens at a time.
#pragma once

#include <cuda_runtime_api.h>

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "controls.h"
#include "memory.h"
#include "stream.h"

namespace emulation {

/// Work in order. An event is a place in it, and may outlive the stream.
struct Queue {
  int device = 0;
  std::deque<std::function<void()>> jobs;
  std::uint64_t queued = 0, done = 0;
};

struct Pool {
  int device = 0;
  std::size_t used = 0, reserved = 0, threshold = 0;
};

struct Device {
  Memory memory;
  std::map<void*, Pool*> blocks;  // null: cudaMalloc's
  std::size_t plain = 0;          // bytes of those
  std::set<Pool*> pools;
  std::set<CUstream_st*> streams;
  CUstream_st* default_stream = nullptr;

  std::size_t taken() const;
};

struct Failure {
  bool armed = false;
  std::string function;  // "": any
  int skip = 0;
  cudaError_t error = cudaSuccess;
};

struct State {
  std::recursive_mutex mutex;
  int device_count = 2;
  std::size_t total = std::size_t{4} << 30;
  cudaError_t driver_error = cudaSuccess;
  int driver_version = CUDART_VERSION;
  cudaError_t sticky = cudaSuccess, pending = cudaSuccess;  // pending: for the next call that waits
  Failure failure;
  std::uint64_t calls = 0, events = 0;
  std::map<const char*, std::size_t> pinned;
  std::map<int, std::unique_ptr<Device>> devices;

  Device& device(int index);
};

State& state();

bool is_sticky(cudaError_t error);
/// The error that a test wants of this function now, or cudaSuccess.
cudaError_t injected(const char* function);
/// What failed of work that was queued.
void fail_later(cudaError_t error);

cudaError_t remember(cudaError_t error);  ///< For cudaGetLastError; returns it.

/// The body of a runtime function: under the lock, and not where an error stands or is asked for.
template <class Body>
cudaError_t call(const char* function, Body&& body) {
  const std::lock_guard lock(state().mutex);
  ++state().calls;
  if (state().driver_error) return remember(state().driver_error);
  if (state().sticky) return remember(state().sticky);
  if (const cudaError_t error = injected(function)) return remember(error);
  return remember(body());
}

int current_device();
Queue& queue_of(cudaStream_t stream);  ///< Null: the current device's default stream.
void enqueue(Queue& queue, std::function<void()> job);
/// Runs the queue's work up to place `until`, and what that waits for.
void run_until(Queue& queue, std::uint64_t until);
void run_all(int device);
/// What a call that waits returns, once it has waited.
cudaError_t outcome();

}  // namespace emulation
