#include <cairn/cuda/presence.h>

#include <cuda_runtime_api.h>

namespace cairn::cuda {
namespace {

std::string too_old(int found) {
  return "The NVIDIA driver on your system is too old (found version " + std::to_string(found) +
         "). Please update your GPU driver by downloading and installing a new version from the URL: "
         "http://www.nvidia.com/Download/index.aspx This Cairn needs a driver for CUDA " +
         std::to_string(CUDART_VERSION / 1000) + ".0 or newer.";
}

Presence look() {
  int count = 0, driver = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error != cudaSuccess) cudaGetLastError();  // nobody else's matter
  switch (error) {
    case cudaSuccess:
      if (count > 0) return {count, ""};
      [[fallthrough]];
    case cudaErrorNoDevice:
      return {0, "No CUDA GPUs are available"};
    case cudaErrorInsufficientDriver:
      if (cudaDriverGetVersion(&driver) == cudaSuccess && driver > 0) return {0, too_old(driver)};
      return {0,
              "Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU and installed a driver "
              "from http://www.nvidia.com/Download/index.aspx"};
    case cudaErrorInitializationError:
      return {0, "CUDA driver initialization failed, you might not have a CUDA gpu."};
    case cudaErrorUnknown:
      return {0,
              "CUDA unknown error - this may be due to an incorrectly set up environment, e.g. changing env variable "
              "CUDA_VISIBLE_DEVICES after program start. Setting the available devices to be zero."};
    default:
      return {0,
              "Unexpected error from cudaGetDeviceCount(). Did you run some cuda functions before calling "
              "NumCudaDevices() that might have already set an error? Error " +
                  std::to_string(static_cast<int>(error)) + ": " + cudaGetErrorString(error)};
  }
}

}  // namespace

const Presence& presence() {
  static const Presence found = look();
  return found;
}

}  // namespace cairn::cuda
