// cuBLAS, opened when the first matrix product is asked for: it is hundreds of megabytes, and a program that never
// multiplies matrices on a GPU, or has none, shall start without it.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>

#include <cairn/core/dtype.h>

namespace cairn::cuda {

/// A matrix, or `batch` elements apart one for each product: element (i, j) of it lies at data[i * leading + j], or,
/// when transposed, at data[j * leading + i]. `leading` is never less than what lies side by side, however few the
/// rows.
struct BlasMatrix {
  const void* data;
  std::int64_t leading, batch;
  bool transposed;
};

/// C[p] ← A[p] B[p] (+ C[p] when `add`) for p of [0, products): A [m, k], B [k, n], C [m, n] row by row, `c_leading`
/// elements from row to row. float16, bfloat16 (both summed in float32), float32 (never in TF32) or float64.
struct BlasProduct {
  DType dtype;
  std::int64_t m, n, k, products;
  BlasMatrix a, b;
  void* c;
  std::int64_t c_leading, c_batch;
  bool add;
};

class Blas {
 public:
  /// For the calling thread's current GPU. Throws Failure, saying where the library was looked for.
  Blas();
  ~Blas();
  Blas(const Blas&) = delete;
  Blas& operator=(const Blas&) = delete;

  /// Queues the product; none where there are no elements. From any thread. Deterministic: all products share one
  /// workspace, so one on another stream than the last waits for that. Throws Failure with cuBLAS's name of the status.
  void multiply(const BlasProduct& product, cudaStream_t stream);

  /// The stream is about to be destroyed: nothing may be recorded on it any more.
  void leave(cudaStream_t stream);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace cairn::cuda
