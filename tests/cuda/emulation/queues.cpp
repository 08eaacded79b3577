// Streams and events. Work is done when somebody waits for it, not before, and in between some that other streams hold:
// code that reads results too early, reuses memory too early, or forgets to make one stream wait for another, shows.
// CUDA_LAUNCH_BLOCKING=1 does it at once, as in CUDA: for debugging.
#include <cuda_runtime.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>

#include "execution.h"
#include "state.h"

struct Stream : CUstream_st {
  std::shared_ptr<emulation::Queue> queue;
};
struct CUevent_st {
  int device;
  std::shared_ptr<emulation::Queue> queue;  // null: not recorded yet
  std::uint64_t at;
};

namespace emulation {
namespace {

constexpr std::size_t most_waiting = 256;

bool at_once() {
  static const bool value = [] {
    const char* const variable = std::getenv("CUDA_LAUNCH_BLOCKING");
    return variable && *variable == '1';
  }();
  return value;
}

const std::shared_ptr<Queue>& shared_queue(cudaStream_t stream) {
  if (stream) return static_cast<Stream*>(stream)->queue;
  return static_cast<Stream*>(state().device(current_device()).default_stream)->queue;
}

void run_next(Queue& queue) {
  const std::function<void()> job = std::move(queue.jobs.front());
  queue.jobs.pop_front();
  ++queue.done;
  if (!state().sticky) job();
}

/// Every now and then, one piece of work of another stream of the device.
void run_one_of(const Device& device, const Queue& but) {
  static std::uint32_t random = 1;
  random = random * 1664525 + 1013904223;
  if (device.streams.empty() || random >> 31) return;
  auto stream = device.streams.begin();
  std::advance(stream, (random >> 8) % device.streams.size());
  Queue& queue = queue_of(*stream);
  if (&queue != &but && !queue.jobs.empty()) run_next(queue);
}

void enqueue_on(CUstream_st* stream, std::function<void()> job) {
  const std::lock_guard lock(state().mutex);
  enqueue(queue_of(stream), std::move(job));
}

}  // namespace

CUstream_st* new_stream(int device) {
  auto* const stream = new Stream;
  stream->CUstream_st::enqueue = enqueue_on;
  stream->queue = std::make_shared<Queue>();
  stream->queue->device = device;
  return stream;
}

Queue& queue_of(cudaStream_t stream) { return *shared_queue(stream); }

void enqueue(Queue& queue, std::function<void()> job) {
  queue.jobs.push_back(std::move(job));
  ++queue.queued;
  if (at_once() || queue.jobs.size() > most_waiting) run_until(queue, queue.queued);
}

void run_until(Queue& queue, std::uint64_t until) {
  if (queue.done >= until) return;
  static int depth = 0;
  ++depth;
  Device& device = state().device(queue.device);
  const Memory::Open open(device.memory);
  while (queue.done < until && !queue.jobs.empty()) {
    run_next(queue);
    if (depth == 1 && queue.done < until) run_one_of(device, queue);
  }
  --depth;
}

void run_all(int device) {
  Device& it = state().device(device);
  run_until(queue_of(it.default_stream), ~std::uint64_t{0});
  for (CUstream_st* stream : it.streams) run_until(queue_of(stream), ~std::uint64_t{0});
}

cudaError_t launch(dim3 grid, dim3 block, std::function<void()> thread, cudaStream_t stream) {
  return call("cudaLaunchKernel", [&] {
    Queue& queue = queue_of(stream);
    if (queue.device != current_device()) return cudaErrorInvalidResourceHandle;
    const std::uint64_t threads = std::uint64_t{block.x} * block.y * block.z;
    if (threads == 0 || threads > 1024 || grid.x == 0 || grid.x > 0x7fffffff || grid.y - 1 > 65534 ||
        grid.z - 1 > 65534)
      return cudaErrorInvalidConfiguration;
    enqueue(queue, [grid, block, thread = std::move(thread)] {
      if (const cudaError_t error = injected("kernel")) return fail_later(error);
      if (const std::string fault = run_grid(grid, block, thread); !fault.empty()) {
        std::fprintf(stderr, "emulated GPU: %s\n", fault.c_str());
        fail_later(cudaErrorLaunchFailure);
      }
    });
    return cudaSuccess;
  });
}

}  // namespace emulation

using namespace emulation;

extern "C" {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  return call("cudaStreamCreateWithFlags", [&] {
    *stream = new_stream(current_device());
    state().device(current_device()).streams.insert(*stream);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return call("cudaStreamDestroy", [&] {
    Queue& queue = queue_of(stream);
    if (state().device(queue.device).streams.erase(stream) == 0) return cudaErrorInvalidResourceHandle;
    run_until(queue, queue.queued);
    delete static_cast<Stream*>(stream);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return call("cudaStreamSynchronize", [&] {
    Queue& queue = queue_of(stream);
    run_until(queue, queue.queued);
    for (Pool* pool : state().device(queue.device).pools)
      pool->reserved = std::max(pool->used, std::min(pool->reserved, pool->threshold));
    return outcome();
  });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  return call("cudaStreamWaitEvent", [&] {
    if (event->queue) enqueue(queue_of(stream), [queue = event->queue, at = event->at] { run_until(*queue, at); });
    return cudaSuccess;
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  return call("cudaEventCreateWithFlags", [&] {
    *event = new CUevent_st{current_device(), nullptr, 0};
    ++state().events;
    return cudaSuccess;
  });
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return call("cudaEventDestroy", [&] {
    delete event;
    --state().events;
    return cudaSuccess;
  });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return call("cudaEventRecord", [&] {
    const std::shared_ptr<Queue>& queue = shared_queue(stream);
    if (queue->device != event->device) return cudaErrorInvalidResourceHandle;
    event->queue = queue;
    event->at = queue->queued;
    return cudaSuccess;
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return call("cudaEventSynchronize", [&] {
    if (event->queue) run_until(*event->queue, event->at);
    return outcome();
  });
}

cudaError_t cudaDeviceSynchronize() {
  return call("cudaDeviceSynchronize", [&] {
    run_all(current_device());
    return outcome();
  });
}
}
