// What the emulated GPU is for: that mistakes show which a real one may forgive.
#include <cuda_runtime.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "catch.h"
#include "emulation/controls.h"

namespace {

__global__ void write_index(std::uint32_t* y, std::uint32_t base) {
  y[blockIdx.x * blockDim.x + threadIdx.x] = base + blockIdx.x * 1000 + threadIdx.x;
}

/// Every thread takes the number of the thread after it, round by round.
__global__ void rotate(std::uint32_t* y, int rounds) {
  __shared__ std::uint32_t shared[256];
  const unsigned t = threadIdx.x;
  shared[t] = y[blockIdx.x * 256 + t];
  for (int round = 0; round < rounds; ++round) {
    __syncthreads();
    const std::uint32_t next = shared[(t + 1) % 256];
    __syncthreads();
    shared[t] = next;
  }
  y[blockIdx.x * 256 + t] = shared[t];
}

__global__ void leave_early(std::uint32_t*) {
  if (threadIdx.x < 100) __syncthreads();
}

__global__ void part_ways(std::uint32_t*) {
  if (threadIdx.x < 100)
    __syncthreads();
  else
    __syncthreads();
}

class Gpu {
 public:
  Gpu() {
    cairn_emulation_reset();
    REQUIRE(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
    cudaMemPoolProps properties = {};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.location = {cudaMemLocationTypeDevice, 0};
    REQUIRE(cudaMemPoolCreate(&pool, &properties) == cudaSuccess);
  }
  ~Gpu() {
    cairn_emulation_reset();
    cudaStreamDestroy(stream);
    cudaMemPoolDestroy(pool);
  }
  Gpu(const Gpu&) = delete;
  Gpu& operator=(const Gpu&) = delete;

  std::uint32_t* allocate(std::size_t count) const {
    void* memory = nullptr;
    REQUIRE(cudaMallocFromPoolAsync(&memory, count * 4, pool, stream) == cudaSuccess);
    return static_cast<std::uint32_t*>(memory);
  }
  template <class... Parameters, class... Arguments>
  cudaError_t launch(void (*kernel)(Parameters...), unsigned blocks, Arguments... arguments) const {
    void* pointers[] = {&arguments...};
    return cudaLaunchKernel(kernel, dim3(blocks), dim3(256), pointers, 0, stream);
  }
  std::vector<std::uint32_t> read(const std::uint32_t* memory, std::size_t count) const {
    std::vector<std::uint32_t> numbers(count);
    REQUIRE(cudaMemcpyAsync(numbers.data(), memory, count * 4, cudaMemcpyDeviceToHost, stream) == cudaSuccess);
    return numbers;
  }

  cudaStream_t stream;
  cudaMemPool_t pool;
};

}  // namespace

TEST_CASE("every thread of every block runs once, with its numbers") {
  const Gpu gpu;
  std::uint32_t* const y = gpu.allocate(3 * 256);
  REQUIRE(gpu.launch(write_index, 3, y, std::uint32_t{7}) == cudaSuccess);
  const std::vector<std::uint32_t> numbers = gpu.read(y, 3 * 256);
  for (std::uint32_t i = 0; i < numbers.size(); ++i) REQUIRE(numbers[i] == 7 + i / 256 * 1000 + i % 256);
  cudaFreeAsync(y, gpu.stream);
}

TEST_CASE("threads wait for each other at a barrier") {
  const Gpu gpu;
  std::uint32_t* const y = gpu.allocate(2 * 256);
  gpu.launch(write_index, 2, y, std::uint32_t{0});
  gpu.launch(rotate, 2, y, 10);
  const std::vector<std::uint32_t> numbers = gpu.read(y, 2 * 256);
  for (std::uint32_t i = 0; i < numbers.size(); ++i) REQUIRE(numbers[i] == i / 256 * 1000 + (i + 10) % 256);
  cudaFreeAsync(y, gpu.stream);
}

TEST_CASE("a barrier that not all threads reach is a failure, for good") {
  const Gpu gpu;
  for (const auto kernel : {leave_early, part_ways}) {
    std::uint32_t* const y = gpu.allocate(256);
    CHECK(gpu.launch(kernel, 1, y) == cudaSuccess);
    CHECK(cudaStreamSynchronize(gpu.stream) == cudaErrorLaunchFailure);
    CHECK(cudaStreamSynchronize(gpu.stream) == cudaErrorLaunchFailure);
    cairn_emulation_reset();
    CHECK(gpu.launch(rotate, 1, y, 0) == cudaSuccess);
    cudaFreeAsync(y, gpu.stream);
  }
}

TEST_CASE("work is done when somebody waits for it") {
  const Gpu gpu;
  void* pinned = nullptr;
  REQUIRE(cudaHostAlloc(&pinned, 4, cudaHostAllocDefault) == cudaSuccess);
  auto* const number = static_cast<volatile std::uint32_t*>(pinned);
  std::uint32_t* const y = gpu.allocate(256);
  *number = 5;
  gpu.launch(write_index, 1, y, std::uint32_t{70});
  REQUIRE(cudaMemcpyAsync(pinned, y, 4, cudaMemcpyDeviceToHost, gpu.stream) == cudaSuccess);
  CHECK(*number == 5);
  CHECK(cudaStreamSynchronize(gpu.stream) == cudaSuccess);
  CHECK(*number == 70);
  cudaFreeAsync(y, gpu.stream);
  CHECK(cudaFreeHost(pinned) == cudaSuccess);
}

TEST_CASE("fresh memory is not a number") {
  const Gpu gpu;
  std::uint32_t* const y = gpu.allocate(100);
  for (const std::uint32_t bits : gpu.read(y, 100)) {
    float number;
    std::memcpy(&number, &bits, sizeof number);
    REQUIRE(std::isnan(number));
  }
  cudaFreeAsync(y, gpu.stream);
}

#if !defined(__SANITIZE_ADDRESS__)  // which ends the program at the access itself
TEST_CASE("writing beyond the end of memory is found when the memory is given back") {
  const Gpu gpu;
  std::uint32_t* const y = gpu.allocate(250);
  gpu.launch(write_index, 1, y, std::uint32_t{0});
  CHECK(cudaStreamSynchronize(gpu.stream) == cudaSuccess);
  cudaFreeAsync(y, gpu.stream);
  CHECK(cudaStreamSynchronize(gpu.stream) == cudaErrorIllegalAddress);
}
#endif

TEST_CASE("what the host passes must be what the call says it is") {
  const Gpu gpu;
  std::uint32_t* const y = gpu.allocate(4);
  std::uint32_t here[8] = {};
  CHECK(cudaMemcpyAsync(y, here, 17, cudaMemcpyHostToDevice, gpu.stream) == cudaErrorInvalidValue);
  CHECK(cudaMemcpyAsync(here, here + 4, 4, cudaMemcpyDeviceToHost, gpu.stream) == cudaErrorInvalidValue);
  CHECK(cudaMemcpyAsync(y, y + 1, 4, cudaMemcpyHostToDevice, gpu.stream) == cudaErrorInvalidValue);
  CHECK(cudaFreeAsync(y + 1, gpu.stream) == cudaErrorInvalidValue);
  CHECK(gpu.launch(write_index, 0, y, std::uint32_t{0}) == cudaErrorInvalidConfiguration);
  CHECK(cudaSetDevice(1) == cudaSuccess);
  CHECK(gpu.launch(write_index, 1, y, std::uint32_t{0}) == cudaErrorInvalidResourceHandle);
  CHECK(cudaSetDevice(0) == cudaSuccess);
  cudaFreeAsync(y, gpu.stream);
}
