#include <cairn/core/attributes.h>

#include "catch.h"
#include "emulated_plugin.h"

using namespace cairn;
using Catch::Matchers::Contains;

namespace {

std::string why_none(const EmulatedPlugin& plugin) {
  CHECK(plugin.table->device_count() == 0);
  void* memory = nullptr;
  CHECK(outcome(*plugin.table, plugin.table->allocate(0, 4, nullptr, &memory)) ==
        std::string("invalid: ") + plugin.table->why_none());
  return plugin.table->why_none();
}

}  // namespace

TEST_CASE("where there is no GPU, PyTorch's text says why") {
  const EmulatedPlugin plugin;
  SECTION("no driver") {
    plugin.set_driver(cudaErrorInsufficientDriver, 0);
    CHECK(why_none(plugin) ==
          "Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU and installed a driver from "
          "http://www.nvidia.com/Download/index.aspx");
  }
  SECTION("an old driver") {
    plugin.set_driver(cudaErrorInsufficientDriver, 11040);
    CHECK(why_none(plugin) ==
          "The NVIDIA driver on your system is too old (found version 11040). Please update your GPU driver by "
          "downloading and installing a new version from the URL: http://www.nvidia.com/Download/index.aspx This Cairn "
          "needs a driver for CUDA 99.0 or newer.");
  }
  SECTION("no device, as the driver says") {
    plugin.set_driver(cudaErrorNoDevice, CUDART_VERSION);
    CHECK(why_none(plugin) == "No CUDA GPUs are available");
  }
  SECTION("no device, counted") {
    plugin.set_devices(0);
    CHECK(why_none(plugin) == "No CUDA GPUs are available");
  }
  SECTION("a driver that does not start") {
    plugin.set_driver(cudaErrorInitializationError, CUDART_VERSION);
    CHECK(why_none(plugin) == "CUDA driver initialization failed, you might not have a CUDA gpu.");
  }
  SECTION("nobody knows") {
    plugin.set_driver(cudaErrorUnknown, CUDART_VERSION);
    CHECK(why_none(plugin) ==
          "CUDA unknown error - this may be due to an incorrectly set up environment, e.g. changing env variable "
          "CUDA_VISIBLE_DEVICES after program start. Setting the available devices to be zero.");
  }
  SECTION("anything else") {
    plugin.set_driver(cudaErrorNotSupported, CUDART_VERSION);
    CHECK(why_none(plugin) ==
          "Unexpected error from cudaGetDeviceCount(). Did you run some cuda functions before calling NumCudaDevices() "
          "that might have already set an error? Error 801: operation not supported");
  }
}

TEST_CASE("opening the backend does not touch the driver") {
  const EmulatedPlugin plugin;
  CHECK(plugin.census().calls == 0);
  CHECK(plugin.table->device_count() == 2);
  CHECK(plugin.census().calls == 1);
  CHECK(plugin.table->device_count() == 2);
  CHECK(plugin.census().calls == 1);
}

TEST_CASE("a GPU that is not there is named") {
  const EmulatedPlugin plugin;
  CHECK(outcome(*plugin.table, plugin.table->synchronize(2, nullptr)) ==
        "invalid: there is no GPU 2; there are 2, numbered from 0");
  CHECK(outcome(*plugin.table, plugin.table->synchronize(-1, nullptr)) ==
        "invalid: there is no GPU -1; there are 2, numbered from 0");
}

TEST_CASE("an error of the runtime becomes a status and a text") {
  const EmulatedPlugin plugin;
  const Backend& table = *plugin.table;
  DeviceMemory memory(table, 64);
  REQUIRE(memory.status == Status::ok);
  const int numbers[16] = {};
  const auto failing_with = [&](cudaError_t error) {
    plugin.fail_next("cudaMemcpyAsync", error);
    const std::string text = outcome(table, table.copy_in(0, memory.data, numbers, sizeof numbers, nullptr));
    plugin.reset();
    return text;
  };

  SECTION("an ordinary one, after which the next call works") {
    CHECK(failing_with(cudaErrorInvalidValue) == "failed: invalid argument (cudaErrorInvalidValue)");
    CHECK(failing_with(cudaErrorMemoryAllocation) == "out_of_memory: out of memory (cudaErrorMemoryAllocation)");
    CHECK(outcome(table, table.copy_in(0, memory.data, numbers, sizeof numbers, nullptr)) == "ok");
  }
  SECTION("one that says that the build does not fit the GPU, with the way out") {
    CHECK(failing_with(cudaErrorNoKernelImageForDevice) ==
          "failed: no kernel image is available for execution on the device (cudaErrorNoKernelImageForDevice); this "
          "Cairn "
          "was built for other GPUs: build it with CAIRN_CUDA_ARCHITECTURES naming this one's");
  }
  SECTION("one after which nothing works any more") {
    CHECK(failing_with(cudaErrorIllegalAddress) ==
          "device_lost: an operation queued earlier failed: an illegal memory access was encountered "
          "(cudaErrorIllegalAddress); the GPU is lost to this process, where every later call would fail the same way: "
          "start it anew. (With CUDA_LAUNCH_BLOCKING=1 in the environment the operation at fault is the one that "
          "fails.)");
    for (const cudaError_t error :
         {cudaErrorECCUncorrectable, cudaErrorNvlinkUncorrectable, cudaErrorContained, cudaErrorLaunchTimeout,
          cudaErrorContextIsDestroyed, cudaErrorAssert, cudaErrorHardwareStackError, cudaErrorIllegalInstruction,
          cudaErrorMisalignedAddress, cudaErrorInvalidAddressSpace, cudaErrorInvalidPc, cudaErrorLaunchFailure,
          cudaErrorTensorMemoryLeak, cudaErrorMpsClientTerminated, cudaErrorExternalDevice})
      CHECK_THAT(failing_with(error), Contains("device_lost: an operation queued earlier failed: "));
    for (const cudaError_t error :
         {cudaErrorInvalidConfiguration, cudaErrorLaunchOutOfResources, cudaErrorNotSupported})
      CHECK_THAT(failing_with(error), Contains("failed: ") && !Contains("queued earlier"));
  }
  SECTION("and the application does not find it when it asks for its own") {
    CHECK(failing_with(cudaErrorInvalidValue) != "ok");
    CHECK(plugin.function<int()>("cairn_emulation_last_error")() == cudaSuccess);
  }
}

TEST_CASE("what fails after it was queued is reported by the next call that waits, which says so") {
  const EmulatedPlugin plugin;
  const Backend& table = *plugin.table;
  DeviceMemory x(table, 64), y(table, 64);
  const Operand a(x.data, 4, 4), b(y.data, 4, 4);
  float numbers[16];

  SECTION("a failure that passes") {
    plugin.fail_next("kernel", cudaErrorLaunchOutOfResources);
    CHECK(outcome(table, run_binary(table, Operation::add, b, a, a)) == "ok");
    CHECK(outcome(table, table.synchronize(0, nullptr)) ==
          "failed: an operation queued earlier failed: too many resources requested for launch "
          "(cudaErrorLaunchOutOfResources)");
    CHECK(outcome(table, table.synchronize(0, nullptr)) == "ok");
  }
  SECTION("a failure that stays") {
    plugin.fail_next("kernel", cudaErrorIllegalAddress);
    CHECK(outcome(table, run_binary(table, Operation::add, b, a, a)) == "ok");
    const std::string lost = outcome(table, table.copy_out(0, numbers, y.data, sizeof numbers, nullptr));
    CHECK_THAT(lost, Contains("device_lost: an operation queued earlier failed: an illegal memory access"));
    CHECK(outcome(table, table.synchronize(0, nullptr)) == lost);
    CHECK(outcome(table, run_binary(table, Operation::add, b, a, a)) == lost);
    plugin.reset();
  }
}

TEST_CASE("a class that does not exist is reported by the next call that waits, once") {
  const EmulatedPlugin plugin;
  const Backend& table = *plugin.table;
  DeviceMemory input(table, 24), loss(table, 4), log_probabilities(table, 24), target(table, 16);
  const Operand x(input.data, 2, 3), p(log_probabilities.data, 2, 3);
  const std::int64_t two = 2, one = 1;
  const View views[] = {{loss.data, nullptr, nullptr, 0, DType::float32},
                        p.view,
                        x.view,
                        {target.data, &two, &one, 1, DType::int64},
                        {nullptr, nullptr, nullptr, -1, DType::float32}};
  const CrossEntropyAttributes attributes{-100, 0, 1};
  const KernelCall call{Operation::cross_entropy, DType::float32, 5, views, &attributes, sizeof attributes};
  const float numbers[6] = {1, 2, 3, 4, 5, 6};
  const auto run_with = [&](std::int64_t first, std::int64_t second) {
    const std::int64_t targets[] = {first, second};
    CHECK(outcome(table, table.copy_in(0, input.data, numbers, 24, nullptr)) == "ok");
    CHECK(outcome(table, table.copy_in(0, target.data, targets, 16, nullptr)) == "ok");
    CHECK(outcome(table, table.run(0, &call, nullptr)) == "ok");
  };
  float result = 0;

  run_with(0, 12);
  CHECK(outcome(table, table.copy_out(0, &result, loss.data, 4, nullptr)) ==
        "invalid: an operation queued earlier failed: cross_entropy: Target 12 is out of bounds.");
  CHECK(outcome(table, table.copy_out(0, &result, loss.data, 4, nullptr)) == "ok");
  run_with(-1, 2);
  CHECK(outcome(table, table.synchronize(0, nullptr)) ==
        "invalid: an operation queued earlier failed: cross_entropy: Target -1 is out of bounds.");
  run_with(0, 2);
  CHECK(outcome(table, table.copy_out(0, &result, loss.data, 4, nullptr)) == "ok");
  CHECK(result == Approx((2.407606 + 0.407606) / 2));
}
