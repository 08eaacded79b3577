#include <cairn/cuda/errors.h>

namespace cairn::cuda {
namespace {

thread_local std::string text;
thread_local const char* instead = nullptr;  // where even the text could not be kept

/// What to do about an error, as far as one can know; "" for most.
const char* advice(cudaError_t error) {
  if (is_sticky(error))
    return "; the GPU is lost to this process, where every later call would fail the same way: start it anew. "
           "(With CUDA_LAUNCH_BLOCKING=1 in the environment the operation at fault is the one that fails.)";
  if (error == cudaErrorNoKernelImageForDevice || error == cudaErrorUnsupportedPtxVersion)
    return "; this Cairn was built for other GPUs: build it with CAIRN_CUDA_ARCHITECTURES naming this one's";
  return "";
}

Status status_of(cudaError_t error) {
  if (is_sticky(error)) return Status::device_lost;
  return error == cudaErrorMemoryAllocation ? Status::out_of_memory : Status::failed;
}

[[noreturn]] void fail(const char* when, cudaError_t error) {
  cudaGetLastError();  // takes it from the runtime, where other code of the process would find it and take it for its
                       // own
  throw Failure{status_of(error),
                std::string(when) + cudaGetErrorString(error) + " (" + cudaGetErrorName(error) + ")" + advice(error)};
}

constexpr const char* earlier = "an operation queued earlier failed: ";

}  // namespace

void check(cudaError_t error) {
  if (error != cudaSuccess) [[unlikely]]
    fail(is_sticky(error) ? earlier : "", error);
}

void check_wait(cudaError_t error) {
  if (error != cudaSuccess) [[unlikely]]
    fail(earlier, error);
}

// Those of which NVIDIA's documentation says that "any further CUDA work will return the same error", and errors of the
// hardware and losses of the context, which come to the same.
bool is_sticky(cudaError_t error) {
  switch (error) {
    case cudaErrorECCUncorrectable:
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorContained:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorContextIsDestroyed:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorTensorMemoryLeak:
    case cudaErrorMpsClientTerminated:
    case cudaErrorExternalDevice:
      return true;
    default:
      return false;
  }
}

const char* last_error() { return instead ? instead : text.c_str(); }

void set_last_error(std::string what) noexcept {
  text = std::move(what);
  instead = nullptr;
}

void set_last_error(const char* what) noexcept {
  try {
    text = what;
    instead = nullptr;
  } catch (const std::bad_alloc&) {
    instead = "the host has no memory left";
  }
}

}  // namespace cairn::cuda
