// Streams, as the emulated runtime and the emulated cuBLAS see them: a place to leave work that is done later.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>

struct CUstream_st {
  /// Queues `job`, which may touch the device's memory when it is run. In the struct, for the library of matrix
  /// products is another one and finds nothing of the runtime's but its streams.
  void (*enqueue)(CUstream_st* stream, std::function<void()> job);
};
