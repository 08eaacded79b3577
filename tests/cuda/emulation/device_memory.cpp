// The runtime's functions for memory: pools, pinned memory, copies.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "state.h"

struct CUmemPoolHandle_st : emulation::Pool {};

namespace emulation {
namespace {

constexpr std::size_t granularity = std::size_t{2} << 20;  // of what a pool takes from its device

std::size_t rounded(std::size_t size) { return (size + granularity - 1) / granularity * granularity; }

/// Takes a block, for a pool or (null) for itself.
cudaError_t take(void** memory, std::size_t size, Pool* pool, int index) {
  Device& device = state().device(index);
  if (size > state().total) return cudaErrorMemoryAllocation;
  const std::size_t whole = Memory::whole(size);
  const std::size_t wanted = pool ? std::max(pool->reserved, rounded(pool->used + whole)) - pool->reserved : whole;
  if (device.taken() + wanted > state().total) return cudaErrorMemoryAllocation;
  void* const block = device.memory.take(size);
  if (!block) return cudaErrorMemoryAllocation;
  if (pool) {
    pool->used += whole;
    pool->reserved += wanted;
  } else {
    device.plain += whole;
  }
  device.blocks[block] = pool;
  *memory = block;
  return cudaSuccess;
}

cudaError_t give_back(void* memory, int index) {
  Device& device = state().device(index);
  const auto found = device.blocks.find(memory);
  if (found == device.blocks.end()) return cudaErrorInvalidValue;
  const std::size_t whole = device.memory.whole_of(memory);
  (found->second ? found->second->used : device.plain) -= whole;
  device.blocks.erase(found);
  const std::string fault = device.memory.give_back(memory);
  if (fault.empty()) return cudaSuccess;
  std::fprintf(stderr, "emulated GPU: %s\n", fault.c_str());
  return cudaErrorIllegalAddress;
}

/// The device whose memory this is, or -1.
int owner_of(const void* address) {
  for (auto& [index, device] : state().devices)
    if (device->memory.holds(address)) return index;
  return -1;
}

bool is_pinned(const void* memory, std::size_t size) {
  const char* const address = static_cast<const char*>(memory);
  auto after = state().pinned.upper_bound(address);
  if (after == state().pinned.begin()) return false;
  --after;
  return address + size <= after->first + after->second;
}

bool is_device(const void* memory, std::size_t size) {
  const int owner = owner_of(memory);
  return owner >= 0 && state().device(owner).memory.in_block(memory, size);
}

cudaError_t copy_in(void* to, const void* from, std::size_t size, Queue& queue) {
  if (!is_device(to, size) || owner_of(from) >= 0) return cudaErrorInvalidValue;
  if (is_pinned(from, size)) {
    enqueue(queue, [=] { std::memcpy(to, from, size); });
  } else {
    const char* const bytes = static_cast<const char*>(from);
    enqueue(queue,
            [to, staged = std::vector<char>(bytes, bytes + size)] { std::memcpy(to, staged.data(), staged.size()); });
  }
  return cudaSuccess;
}

cudaError_t copy_out(void* to, const void* from, std::size_t size, Queue& queue) {
  if (!is_device(from, size) || owner_of(to) >= 0) return cudaErrorInvalidValue;
  enqueue(queue, [=] { std::memcpy(to, from, size); });
  if (is_pinned(to, size)) return cudaSuccess;
  run_until(queue, queue.queued);
  return outcome();
}

}  // namespace

std::size_t Device::taken() const {
  std::size_t sum = plain;
  for (const Pool* pool : pools) sum += pool->reserved;
  return sum;
}

}  // namespace emulation

using namespace emulation;

extern "C" {

cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps* properties) {
  return call("cudaMemPoolCreate", [&] {
    if (properties->allocType != cudaMemAllocationTypePinned ||
        properties->location.type != cudaMemLocationTypeDevice || properties->location.id >= state().device_count)
      return cudaErrorInvalidValue;
    *pool = new CUmemPoolHandle_st;
    (*pool)->device = properties->location.id;
    state().device((*pool)->device).pools.insert(*pool);
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
  return call("cudaMemPoolDestroy", [&] {
    run_all(pool->device);
    if (pool->used != 0) return cudaErrorInvalidValue;
    state().device(pool->device).pools.erase(pool);
    delete pool;
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value) {
  return call("cudaMemPoolSetAttribute", [&] {
    if (attribute == cudaMemPoolAttrReleaseThreshold) pool->threshold = *static_cast<std::uint64_t*>(value);
    return attribute <= cudaMemPoolAttrReleaseThreshold ? cudaSuccess : cudaErrorInvalidValue;
  });
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value) {
  return call("cudaMemPoolGetAttribute", [&] {
    if (attribute != cudaMemPoolAttrReservedMemCurrent && attribute != cudaMemPoolAttrUsedMemCurrent)
      return cudaErrorInvalidValue;
    *static_cast<std::uint64_t*>(value) = attribute == cudaMemPoolAttrReservedMemCurrent ? pool->reserved : pool->used;
    return cudaSuccess;
  });
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, std::size_t keep) {
  return call("cudaMemPoolTrimTo", [&] {
    pool->reserved = std::min(pool->reserved, std::max(rounded(pool->used), keep));
    return cudaSuccess;
  });
}

cudaError_t cudaMallocFromPoolAsync(void** memory, std::size_t size, cudaMemPool_t pool, cudaStream_t stream) {
  return call("cudaMallocFromPoolAsync", [&] {
    Queue& queue = queue_of(stream);
    if (queue.device != pool->device || size == 0) return cudaErrorInvalidValue;
    if (const cudaError_t error = take(memory, size, pool, pool->device)) return error;
    enqueue(queue, [block = *memory, device = pool->device] { state().device(device).memory.prepare(block); });
    return cudaSuccess;
  });
}

cudaError_t cudaFreeAsync(void* memory, cudaStream_t stream) {
  return call("cudaFreeAsync", [&] {
    Queue& queue = queue_of(stream);
    const int device = owner_of(memory);
    if (device < 0 || state().device(device).blocks.count(memory) == 0) return cudaErrorInvalidValue;
    enqueue(queue, [memory, device] {
      if (const cudaError_t error = give_back(memory, device)) fail_later(error);
    });
    return cudaSuccess;
  });
}

cudaError_t cudaMalloc(void** memory, std::size_t size) {
  return call("cudaMalloc", [&] {
    const int index = current_device();
    if (const cudaError_t error = take(memory, size, nullptr, index)) return error;
    Device& device = state().device(index);
    const Memory::Open open(device.memory);
    device.memory.prepare(*memory);
    return cudaSuccess;
  });
}

cudaError_t cudaFree(void* memory) {
  return call("cudaFree", [&] {
    const int index = owner_of(memory);
    if (index < 0) return memory ? cudaErrorInvalidValue : cudaSuccess;
    run_all(index);
    const Memory::Open open(state().device(index).memory);
    return give_back(memory, index);
  });
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  return call("cudaMemGetInfo", [&] {
    *total = state().total;
    const std::size_t taken = state().device(current_device()).taken();
    *free = taken < *total ? *total - taken : 0;
    return cudaSuccess;
  });
}

cudaError_t cudaHostAlloc(void** memory, std::size_t size, unsigned) {
  return call("cudaHostAlloc", [&] {
    *memory = std::aligned_alloc(4096, (size + 4095) / 4096 * 4096);
    if (!*memory) return cudaErrorMemoryAllocation;
    std::memset(*memory, 0xff, size);
    state().pinned[static_cast<const char*>(*memory)] = size;
    return cudaSuccess;
  });
}

cudaError_t cudaHostGetDevicePointer(void** on_device, void* on_host, unsigned) {
  return call("cudaHostGetDevicePointer", [&] {
    *on_device = on_host;
    return is_pinned(on_host, 1) ? cudaSuccess : cudaErrorInvalidValue;
  });
}

cudaError_t cudaFreeHost(void* memory) {
  return call("cudaFreeHost", [&] {
    if (state().pinned.erase(static_cast<const char*>(memory)) == 0) return cudaErrorInvalidValue;
    for (auto& [index, device] : state().devices) run_all(index);
    std::free(memory);
    return cudaSuccess;
  });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t size, cudaMemcpyKind kind, cudaStream_t stream) {
  return call("cudaMemcpyAsync", [&] {
    Queue& queue = queue_of(stream);
    if (size == 0) return cudaSuccess;
    if (kind == cudaMemcpyHostToDevice) return copy_in(to, from, size, queue);
    if (kind == cudaMemcpyDeviceToHost) return copy_out(to, from, size, queue);
    if (kind != cudaMemcpyDeviceToDevice || !is_device(to, size) || !is_device(from, size))
      return cudaErrorInvalidValue;
    enqueue(queue, [=] { std::memmove(to, from, size); });
    return cudaSuccess;
  });
}

cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t size, cudaStream_t stream) {
  return call("cudaMemsetAsync", [&] {
    if (!is_device(memory, size)) return cudaErrorInvalidValue;
    enqueue(queue_of(stream), [=] { std::memset(memory, value, size); });
    return cudaSuccess;
  });
}
}
