// Devices and errors of the emulated runtime, and what tests steer it with.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include "state.h"

namespace emulation {
namespace {

thread_local int current = 0;
thread_local cudaError_t last = cudaSuccess;

struct Named {
  cudaError_t error;
  const char *name, *text;
};
constexpr Named errors[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInitializationError, "cudaErrorInitializationError", "initialization error"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration", "invalid configuration argument"},
    {cudaErrorInsufficientDriver, "cudaErrorInsufficientDriver",
     "CUDA driver version is insufficient for CUDA runtime version"},
    {cudaErrorNoDevice, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {cudaErrorNoKernelImageForDevice, "cudaErrorNoKernelImageForDevice",
     "no kernel image is available for execution on the device"},
    {cudaErrorECCUncorrectable, "cudaErrorECCUncorrectable", "uncorrectable ECC error encountered"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {cudaErrorIllegalAddress, "cudaErrorIllegalAddress", "an illegal memory access was encountered"},
    {cudaErrorLaunchOutOfResources, "cudaErrorLaunchOutOfResources", "too many resources requested for launch"},
    {cudaErrorLaunchTimeout, "cudaErrorLaunchTimeout", "the launch timed out and was terminated"},
    {cudaErrorMisalignedAddress, "cudaErrorMisalignedAddress", "misaligned address"},
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {cudaErrorNotSupported, "cudaErrorNotSupported", "operation not supported"},
    {cudaErrorUnknown, "cudaErrorUnknown", "unknown error"},
};

const Named* find(cudaError_t error) {
  const Named* const found =
      std::find_if(std::begin(errors), std::end(errors), [&](const Named& named) { return named.error == error; });
  return found == std::end(errors) ? nullptr : found;
}

}  // namespace

CUstream_st* new_stream(int device);

State& state() {
  static State* const instance = new State;  // as long as the process
  return *instance;
}

Device& State::device(int index) {
  std::unique_ptr<Device>& device = devices[index];
  if (!device) {
    device = std::make_unique<Device>();
    device->default_stream = new_stream(index);
  }
  return *device;
}

bool is_sticky(cudaError_t error) {
  return error == cudaErrorIllegalAddress || error == cudaErrorECCUncorrectable || error == cudaErrorLaunchTimeout ||
         error == cudaErrorAssert || (error >= cudaErrorHardwareStackError && error <= cudaErrorLaunchFailure);
}

cudaError_t injected(const char* function) {
  Failure& failure = state().failure;
  if (!failure.armed ||
      (failure.function.empty() ? std::strcmp(function, "kernel") == 0 : failure.function != function))
    return cudaSuccess;
  if (failure.skip-- > 0) return cudaSuccess;
  failure.armed = false;
  if (is_sticky(failure.error)) state().sticky = failure.error;
  return failure.error;
}

void fail_later(cudaError_t error) { (is_sticky(error) ? state().sticky : state().pending) = error; }

cudaError_t remember(cudaError_t error) {
  if (error) last = error;
  return error;
}

cudaError_t outcome() {
  if (state().sticky) return state().sticky;
  return std::exchange(state().pending, cudaSuccess);
}

int current_device() { return current; }

}  // namespace emulation

using namespace emulation;

extern "C" {

cudaError_t cudaDriverGetVersion(int* version) {
  const std::lock_guard lock(state().mutex);
  *version = state().driver_version;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  return call("cudaGetDeviceCount", [&] {
    *count = state().device_count;
    return *count ? cudaSuccess : cudaErrorNoDevice;
  });
}

cudaError_t cudaGetDevice(int* device) {
  return call("cudaGetDevice", [&] {
    *device = current;
    return cudaSuccess;
  });
}

cudaError_t cudaSetDevice(int device) {
  return call("cudaSetDevice", [&] {
    if (device < 0 || device >= state().device_count) return cudaErrorInvalidDevice;
    current = device;
    return cudaSuccess;
  });
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  return call("cudaGetDeviceProperties", [&] {
    if (device < 0 || device >= state().device_count) return cudaErrorInvalidDevice;
    *properties = {};
    std::snprintf(properties->name, sizeof properties->name, "emulated GPU %d", device);
    properties->totalGlobalMem = state().total;
    properties->major = 9;
    properties->multiProcessorCount = 4;
    return cudaSuccess;
  });
}

cudaError_t cudaGetLastError() {
  if (state().sticky) return state().sticky;
  return std::exchange(last, cudaSuccess);
}
cudaError_t cudaPeekAtLastError() { return state().sticky ? state().sticky : last; }

const char* cudaGetErrorName(cudaError_t error) {
  const Named* const named = find(error);
  return named ? named->name : "unrecognized error code";
}
const char* cudaGetErrorString(cudaError_t error) {
  const Named* const named = find(error);
  return named ? named->text : "unrecognized error code";
}

#define CAIRN_EMULATION_EXPORT [[gnu::visibility("default")]]

CAIRN_EMULATION_EXPORT void cairn_emulation_reset() {
  const std::lock_guard lock(state().mutex);
  for (auto& [index, device] : state().devices) run_all(index);
  state().device_count = 2;
  state().total = std::size_t{4} << 30;
  state().driver_error = state().sticky = state().pending = cudaSuccess;
  state().driver_version = CUDART_VERSION;
  state().failure = {};
}

CAIRN_EMULATION_EXPORT void cairn_emulation_fail_next(const char* function, int skip, int error) {
  const std::lock_guard lock(state().mutex);
  state().failure = {true, function ? function : "", skip, static_cast<cudaError_t>(error)};
}

CAIRN_EMULATION_EXPORT bool cairn_emulation_withdraw() {
  const std::lock_guard lock(state().mutex);
  return std::exchange(state().failure.armed, false);
}

CAIRN_EMULATION_EXPORT void cairn_emulation_set_devices(int count) {
  const std::lock_guard lock(state().mutex);
  state().device_count = count;
}

CAIRN_EMULATION_EXPORT void cairn_emulation_set_driver(int error, int version) {
  const std::lock_guard lock(state().mutex);
  state().driver_error = static_cast<cudaError_t>(error);
  state().driver_version = version;
}

CAIRN_EMULATION_EXPORT void cairn_emulation_set_memory(std::size_t bytes) {
  const std::lock_guard lock(state().mutex);
  state().total = bytes;
}

CAIRN_EMULATION_EXPORT int cairn_emulation_current_device() { return current; }
CAIRN_EMULATION_EXPORT void cairn_emulation_use_device(int device) { current = device; }
CAIRN_EMULATION_EXPORT int cairn_emulation_last_error() { return last; }

CAIRN_EMULATION_EXPORT void cairn_emulation_census(Census* census) {
  const std::lock_guard lock(state().mutex);
  *census = {};
  for (auto& [index, device] : state().devices) {
    census->waiting += queue_of(device->default_stream).jobs.size();
    for (CUstream_st* stream : device->streams) census->waiting += queue_of(stream).jobs.size();
    run_all(index);
    census->device_blocks += device->blocks.size();
    census->device_bytes += device->taken();
    census->streams += device->streams.size();
    census->pools += device->pools.size();
  }
  census->pinned_blocks = state().pinned.size();
  census->events = state().events;
  census->calls = state().calls;
}
}
