#include <cairn/cuda/blas.h>

#include <cublas_v2.h>

#include <mutex>
#include <string>

#include <cairn/cuda/errors.h>
#include <cairn/cuda/handles.h>
#include <cairn/cuda/library.h>

namespace cairn::cuda {
namespace {

/// cuBLAS's functions, by the types their header gives them.
struct Functions {
  Library library;
  decltype(&cublasCreate_v2) create;
  decltype(&cublasDestroy_v2) destroy;
  decltype(&cublasSetStream_v2) set_stream;
  decltype(&cublasSetWorkspace_v2) set_workspace;
  decltype(&cublasSetMathMode) set_math_mode;
  decltype(&cublasSetAtomicsMode) set_atomics_mode;
  decltype(&cublasGetStatusName) status_name;
  decltype(&cublasGemmStridedBatchedEx_64) multiply;

  Functions()
      : library(name().c_str(),
                "Matrix products on a GPU need cuBLAS: install it from the CUDA toolkit, or by pip install "
                "nvidia-cublas, and add its folder to LD_LIBRARY_PATH") {
    library.find(create, "cublasCreate_v2");
    library.find(destroy, "cublasDestroy_v2");
    library.find(set_stream, "cublasSetStream_v2");
    library.find(set_workspace, "cublasSetWorkspace_v2");
    library.find(set_math_mode, "cublasSetMathMode");
    library.find(set_atomics_mode, "cublasSetAtomicsMode");
    library.find(status_name, "cublasGetStatusName");
    library.find(multiply, "cublasGemmStridedBatchedEx_64");
  }

  static std::string name() { return "libcublas.so." + std::to_string(CUDART_VERSION / 1000); }
};

/// Opened once; where that fails, again the next time.
const Functions& functions() {
  static const Functions opened;
  return opened;
}

void check_blas(cublasStatus_t status, const char* what) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  if (const cudaError_t error = cudaGetLastError(); is_sticky(error)) check(error);
  throw Failure{status == CUBLAS_STATUS_ALLOC_FAILED ? Status::out_of_memory : Status::failed,
                std::string("cuBLAS could not ") + what + ": " + functions().status_name(status)};
}

/// What cuBLAS works in. Without one it takes memory as it likes, and two runs may differ.
struct Workspace {
  static constexpr std::size_t size = std::size_t{32} << 20;
  void* memory = nullptr;

  Workspace() { check(cudaMalloc(&memory, size)); }
  ~Workspace() { cudaFree(memory); }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
};

struct Handle {
  cublasHandle_t handle = nullptr;

  Handle() { check_blas(functions().create(&handle), "start"); }
  ~Handle() { functions().destroy(handle); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
};

cudaDataType type_of(DType dtype) {
  switch (dtype) {
    case DType::float16:
      return CUDA_R_16F;
    case DType::bfloat16:
      return CUDA_R_16BF;
    case DType::float32:
      return CUDA_R_32F;
    case DType::float64:
      return CUDA_R_64F;
    default:
      throw Failure{Status::unsupported, "cuBLAS multiplies floating-point matrices only"};
  }
}

cublasOperation_t operation_of(const BlasMatrix& matrix) { return matrix.transposed ? CUBLAS_OP_T : CUBLAS_OP_N; }

}  // namespace

struct Blas::Parts {
  std::mutex mutex;
  Workspace workspace;
  Handle handle;
  Event last;                     ///< After the last product on a stream that was left.
  cudaStream_t stream = nullptr;  ///< Of the last product; null: none, or it was left.
  bool left = false;

  Parts() {
    const int mode = CUBLAS_DEFAULT_MATH | CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION;
    check_blas(functions().set_math_mode(handle.handle, static_cast<cublasMath_t>(mode)), "set its mode");
    check_blas(functions().set_atomics_mode(handle.handle, CUBLAS_ATOMICS_NOT_ALLOWED), "set its mode");
  }

  void leave() {
    if (!stream) return;
    last.record(stream);
    left = true;
    stream = nullptr;
  }

  void use(cudaStream_t next) {
    if (next == stream) return;
    leave();
    if (left) last.wait_on(next);
    check_blas(functions().set_stream(handle.handle, next), "change its stream");
    // The stream brings cuBLAS's own workspace with it.
    check_blas(functions().set_workspace(handle.handle, workspace.memory, Workspace::size), "take its workspace");
    stream = next;
  }
};

Blas::Blas() : parts_((functions(), std::make_unique<Parts>())) {}
Blas::~Blas() = default;

void Blas::leave(cudaStream_t stream) {
  const std::lock_guard lock(parts_->mutex);
  if (stream == parts_->stream) parts_->leave();
}

void Blas::multiply(const BlasProduct& p, cudaStream_t stream) {
  const cudaDataType type = type_of(p.dtype);
  if (p.m == 0 || p.n == 0 || p.products == 0) return;
  const bool is_double = p.dtype == DType::float64;
  const double one_double = 1, add_double = p.add ? 1 : 0;
  const float one_float = 1, add_float = p.add ? 1 : 0;
  const void* const one = is_double ? static_cast<const void*>(&one_double) : &one_float;
  const void* const add = is_double ? static_cast<const void*>(&add_double) : &add_float;
  const std::lock_guard lock(parts_->mutex);
  parts_->use(stream);
  // To cuBLAS matrices lie column by column, so ours are its transposed ones: C = A B is its C^T = B^T A^T, with the
  // factors exchanged.
  check_blas(functions().multiply(parts_->handle.handle, operation_of(p.b), operation_of(p.a), p.n, p.m, p.k, one,
                                  p.b.data, type, p.b.leading, p.b.batch, p.a.data, type, p.a.leading, p.a.batch, add,
                                  p.c, type, p.c_leading, p.c_batch, p.products,
                                  is_double ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
             "multiply matrices");
}

}  // namespace cairn::cuda
