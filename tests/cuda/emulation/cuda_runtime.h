// What nvcc adds to C++, for kernels that are run by the host: the words, the indices, the barrier, the launch.
//
//   __global__ void twice(float* x) { x[threadIdx.x] *= 2; }      an ordinary function
//   cudaLaunchKernel(twice, blocks, 256, arguments, 0, stream)    calls it once for every thread (execution.h)
//
// __shared__ is static: one block runs at a time.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __launch_bounds__(...)

extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;

namespace emulation {

/// Waits for the block's other threads, which must come to the same place.
void barrier(const char* file, int line);

/// Queues a grid of calls of `thread`.
cudaError_t launch(dim3 grid, dim3 block, std::function<void()> thread, cudaStream_t stream);

template <class... Parameters, std::size_t... i>
auto bind_arguments(void (*kernel)(Parameters...), void** arguments, std::index_sequence<i...>) {
  return [kernel, values = std::tuple<std::remove_cv_t<Parameters>...>(
                      *static_cast<std::remove_cv_t<Parameters>*>(arguments[i])...)] { std::apply(kernel, values); };
}

}  // namespace emulation

inline void __syncthreads(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  emulation::barrier(file, line);
}

template <class... Parameters>
cudaError_t cudaLaunchKernel(void (*kernel)(Parameters...), dim3 grid, dim3 block, void** arguments, std::size_t = 0,
                             cudaStream_t stream = nullptr) {
  return emulation::launch(
      grid, block, emulation::bind_arguments(kernel, arguments, std::index_sequence_for<Parameters...>{}), stream);
}
