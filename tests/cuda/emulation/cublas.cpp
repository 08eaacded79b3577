// The emulated cuBLAS: products by three loops, in the workspace it is given. Matrices lie column by column, as Fortran
// has them:
//
//   C [m, n] = alpha op(A) [m, k] op(B) [k, n] + beta C,   element (i, j) of C at c[i + j * ldc]
//
// float16, bfloat16 and float32 are added up in float32, float64 in float64, in the order of k.
#include <cublas_v2.h>

#include <mutex>
#include <string>

#include <cairn/core/small_float.h>

#include "stream.h"

struct cublasContext {
  cudaStream_t stream;
  void* workspace;
  std::size_t size;
};

namespace {

std::mutex mutex;
std::string failing;
int failing_skip = 0;
cublasStatus_t failing_status = CUBLAS_STATUS_SUCCESS;

cublasStatus_t injected(const char* function) {
  const std::lock_guard lock(mutex);
  if (failing != function || failing_skip-- > 0) return CUBLAS_STATUS_SUCCESS;
  failing.clear();
  return failing_status;
}

struct Shape {
  bool a_transposed, b_transposed;
  std::int64_t m, n, k, lda, ldb, ldc;
};

/// The product, as a matrix of its own.
template <class T, class Sum>
void multiply(const Shape& s, Sum alpha, const T* a, const T* b, Sum beta, const T* c, T* result) {
  for (std::int64_t j = 0; j < s.n; ++j)
    for (std::int64_t i = 0; i < s.m; ++i) {
      Sum sum = 0;
      for (std::int64_t p = 0; p < s.k; ++p) {
        const T& x = s.a_transposed ? a[p + i * s.lda] : a[i + p * s.lda];
        const T& y = s.b_transposed ? b[j + p * s.ldb] : b[p + j * s.ldb];
        sum += static_cast<Sum>(x) * static_cast<Sum>(y);
      }
      *result++ = T(beta == 0 ? alpha * sum : alpha * sum + beta * static_cast<Sum>(c[i + j * s.ldc]));
    }
}

/// As the real one may: first into the workspace, then from there into C. Two products at once must not share it.
template <class T, class Sum>
cublasStatus_t queue(cublasHandle_t handle, const Shape& shape, const void* alpha, const void* a, long long stride_a,
                     const void* b, long long stride_b, const void* beta, void* c, long long stride_c,
                     std::int64_t batch) {
  const std::int64_t numbers = shape.m * shape.n;
  if (!handle->workspace || static_cast<std::size_t>(numbers) * sizeof(T) > handle->size)
    return CUBLAS_STATUS_NOT_SUPPORTED;
  T* const workspace = static_cast<T*>(handle->workspace);
  for (std::int64_t i = 0; i < batch; ++i) {
    T* const to = static_cast<T*>(c) + i * stride_c;
    handle->stream->enqueue(handle->stream,
                            [=, alpha = *static_cast<const Sum*>(alpha), beta = *static_cast<const Sum*>(beta),
                             a = static_cast<const T*>(a) + i * stride_a, b = static_cast<const T*>(b) + i * stride_b] {
                              multiply<T, Sum>(shape, alpha, a, b, beta, to, workspace);
                            });
    handle->stream->enqueue(handle->stream, [=] {
      for (std::int64_t at = 0; at < numbers; ++at) to[at % shape.m + at / shape.m * shape.ldc] = workspace[at];
    });
  }
  return CUBLAS_STATUS_SUCCESS;
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
  if (const cublasStatus_t status = injected("cublasCreate_v2")) return status;
  *handle = new cublasContext{};
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream) {
  if (const cublasStatus_t status = injected("cublasSetStream_v2")) return status;
  *handle = {stream, nullptr, 0};
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void* workspace, std::size_t size) {
  if (const cublasStatus_t status = injected("cublasSetWorkspace_v2")) return status;
  handle->workspace = workspace;
  handle->size = size;
  return reinterpret_cast<std::uintptr_t>(workspace) % 256 ? CUBLAS_STATUS_INVALID_VALUE : CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t) { return injected("cublasSetMathMode"); }
cublasStatus_t cublasSetAtomicsMode(cublasHandle_t, cublasAtomicsMode_t) { return injected("cublasSetAtomicsMode"); }

const char* cublasGetStatusName(cublasStatus_t status) {
  switch (status) {
    case CUBLAS_STATUS_SUCCESS:
      return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_NOT_INITIALIZED:
      return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_ALLOC_FAILED:
      return "CUBLAS_STATUS_ALLOC_FAILED";
    case CUBLAS_STATUS_INVALID_VALUE:
      return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_ARCH_MISMATCH:
      return "CUBLAS_STATUS_ARCH_MISMATCH";
    case CUBLAS_STATUS_EXECUTION_FAILED:
      return "CUBLAS_STATUS_EXECUTION_FAILED";
    case CUBLAS_STATUS_INTERNAL_ERROR:
      return "CUBLAS_STATUS_INTERNAL_ERROR";
    case CUBLAS_STATUS_NOT_SUPPORTED:
      return "CUBLAS_STATUS_NOT_SUPPORTED";
  }
  return "unknown cuBLAS status";
}

cublasStatus_t cublasGemmStridedBatchedEx_64(cublasHandle_t handle, cublasOperation_t transa, cublasOperation_t transb,
                                             std::int64_t m, std::int64_t n, std::int64_t k, const void* alpha,
                                             const void* a, cudaDataType a_type, std::int64_t lda, long long stride_a,
                                             const void* b, cudaDataType b_type, std::int64_t ldb, long long stride_b,
                                             const void* beta, void* c, cudaDataType c_type, std::int64_t ldc,
                                             long long stride_c, std::int64_t batch, cublasComputeType_t compute,
                                             cublasGemmAlgo_t) {
  if (const cublasStatus_t status = injected("cublasGemmStridedBatchedEx_64")) return status;
  const Shape shape{transa == CUBLAS_OP_T, transb == CUBLAS_OP_T, m, n, k, lda, ldb, ldc};
  const std::int64_t a_rows = shape.a_transposed ? k : m, b_rows = shape.b_transposed ? n : k;
  const bool fits = lda >= 1 && lda >= a_rows && ldb >= 1 && ldb >= b_rows && ldc >= 1 && ldc >= m;
  if (!fits || m < 0 || n < 0 || k < 0 || batch < 0) return CUBLAS_STATUS_INVALID_VALUE;
  if (a_type != b_type || a_type != c_type ||
      compute != (a_type == CUDA_R_64F ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F))
    return CUBLAS_STATUS_NOT_SUPPORTED;
  if (a_type == CUDA_R_64F)
    return queue<double, double>(handle, shape, alpha, a, stride_a, b, stride_b, beta, c, stride_c, batch);
  if (a_type == CUDA_R_32F)
    return queue<float, float>(handle, shape, alpha, a, stride_a, b, stride_b, beta, c, stride_c, batch);
  if (a_type == CUDA_R_16F)
    return queue<cairn::float16, float>(handle, shape, alpha, a, stride_a, b, stride_b, beta, c, stride_c, batch);
  return queue<cairn::bfloat16, float>(handle, shape, alpha, a, stride_a, b, stride_b, beta, c, stride_c, batch);
}

void cairn_emulation_fail_next_cublas(const char* function, int skip, int status) {
  const std::lock_guard lock(mutex);
  failing = function;
  failing_skip = skip;
  failing_status = static_cast<cublasStatus_t>(status);
}
}
#pragma GCC visibility pop
