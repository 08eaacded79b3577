#include <cairn/cuda/memory_pool.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include <cairn/cuda/errors.h>

namespace cairn::cuda {
namespace {

/// "20.00 MiB", by PyTorch's rules.
std::string amount(std::size_t bytes) {
  if (bytes <= 1024) return std::to_string(bytes) + " bytes";
  double number = static_cast<double>(bytes) / 1024;
  const char* unit = " KiB";
  for (const char* larger : {" MiB", " GiB"})
    if (number > 1024) {
      number /= 1024;
      unit = larger;
    }
  char text[64];
  std::snprintf(text, sizeof text, "%.2f%s", number, unit);
  return text;
}

void set(cudaMemPool_t pool, cudaMemPoolAttr attribute, int value) {
  check(cudaMemPoolSetAttribute(pool, attribute, &value));
}

}  // namespace

MemoryPool::MemoryPool(int gpu) : gpu_(gpu) {
  cudaMemPoolProps properties = {};
  properties.allocType = cudaMemAllocationTypePinned;
  properties.handleTypes = cudaMemHandleTypeNone;
  properties.location.type = cudaMemLocationTypeDevice;
  properties.location.id = gpu;
  check(cudaMemPoolCreate(&pool_, &properties));
  try {
    std::uint64_t everything = ~std::uint64_t{0};
    check(cudaMemPoolSetAttribute(pool_, cudaMemPoolAttrReleaseThreshold, &everything));
    set(pool_, cudaMemPoolReuseFollowEventDependencies, 1);
    set(pool_, cudaMemPoolReuseAllowOpportunistic, 0);
    set(pool_, cudaMemPoolReuseAllowInternalDependencies, 0);
  } catch (...) {
    cudaMemPoolDestroy(pool_);
    throw;
  }
}

MemoryPool::~MemoryPool() { cudaMemPoolDestroy(pool_); }

/// Counts `size` as used where the limit allows it.
bool MemoryPool::enter(std::size_t size, std::size_t& used_after) {
  const std::size_t limit = limit_ ? limit_.load() : ~std::size_t{0};
  std::size_t used = used_;
  do {
    if (used > limit || size > limit - used) return false;
  } while (!used_.compare_exchange_weak(used, used + size));
  used_after = used + size;
  return true;
}

void* MemoryPool::allocate(std::size_t size, cudaStream_t stream) {
  if (size == 0) return nullptr;
  std::size_t used = 0;
  if (!enter(size, used)) fail(size);
  void* memory = nullptr;
  cudaError_t error = cudaSuccess;
  try {
    error = cudaMallocFromPoolAsync(&memory, size, pool_, stream);
    if (error == cudaErrorMemoryAllocation) {
      // What was given back on other streams, or is kept in pieces that do not fit, can be had after a wait.
      cudaGetLastError();
      check_wait(cudaDeviceSynchronize());
      trim();
      error = cudaMallocFromPoolAsync(&memory, size, pool_, stream);
    }
    if (error != cudaErrorMemoryAllocation) check(error);
  } catch (...) {
    used_ -= size;
    throw;
  }
  if (error != cudaSuccess) {
    used_ -= size;
    fail(size);
  }
  for (std::size_t peak = peak_; used > peak && !peak_.compare_exchange_weak(peak, used);) {
  }
  return memory;
}

void MemoryPool::release(void* memory, std::size_t size, cudaStream_t stream) {
  if (!memory) return;
  check(cudaFreeAsync(memory, stream));
  used_ -= size;
}

MemoryStatistics MemoryPool::statistics() const {
  MemoryStatistics statistics = {};
  std::uint64_t reserved = 0;
  check(cudaMemPoolGetAttribute(pool_, cudaMemPoolAttrReservedMemCurrent, &reserved));
  check(cudaMemGetInfo(&statistics.free, &statistics.total));
  statistics.used = used_;
  statistics.peak = peak_;
  statistics.reserved = static_cast<std::size_t>(reserved);
  statistics.limit = limit_;
  return statistics;
}

void MemoryPool::trim() { check(cudaMemPoolTrimTo(pool_, 0)); }

void MemoryPool::fail(std::size_t size) const {
  cudaGetLastError();
  const MemoryStatistics now = statistics();
  const std::size_t unused = now.reserved > now.used ? now.reserved - now.used : 0;
  std::string text = "CUDA out of memory. Tried to allocate " + amount(size) + ". GPU " + std::to_string(gpu_) +
                     " has a total capacity of " + amount(now.total) + " of which " + amount(now.free) + " is free. ";
  if (now.limit) text += amount(now.limit) + " allowed (set_memory_limit); ";
  text += "Of the allocated memory " + amount(now.used) + " is allocated by Cairn, and " + amount(unused) +
          " is reserved by Cairn but unallocated.";
  throw Failure{Status::out_of_memory, text};
}

}  // namespace cairn::cuda
