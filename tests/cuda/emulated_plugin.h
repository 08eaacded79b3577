// The CUDA backend on the emulated GPU, and what steers that (emulation/controls.h).
//
// A plug-in keeps what it found: how many GPUs there are, what it prepared. So a test that is about the finding opens a
// copy of the file, which knows nothing of the other.
#pragma once

#include <dlfcn.h>

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <cairn/core/backend.h>

#include "emulation/controls.h"
#include "emulation/cuda_runtime_api.h"
#include "temporary_folder.h"

class EmulatedPlugin {
 public:
  enum class Copy { with_cublas, alone };

  explicit EmulatedPlugin(Copy copy = Copy::with_cublas) {
    const std::filesystem::path original = CAIRN_EMULATED_PLUGIN;
    const std::string cublas = "libcublas.so." + std::to_string(CUDART_VERSION / 1000);
    std::filesystem::copy_file(original, folder_.file("libcairn_cuda.so"));
    if (copy == Copy::with_cublas) std::filesystem::copy_file(original.parent_path() / cublas, folder_.file(cublas));
    library_ = dlopen(folder_.file("libcairn_cuda.so").c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library_) throw std::runtime_error(dlerror());
    table = function<const cairn::Backend*()>("cairn_backend")();
  }

  const cairn::Backend* table;
  const std::string& folder() const { return folder_.path(); }

  template <class Function>
  Function* function(const char* name) const {
    void* const address = dlsym(library_, name);
    if (!address) throw std::runtime_error(dlerror());
    return reinterpret_cast<Function*>(address);
  }

  void reset() const { function<void()>("cairn_emulation_reset")(); }
  void fail_next(const char* name, int error, int skip = 0) const {
    function<void(const char*, int, int)>("cairn_emulation_fail_next")(name, skip, error);
  }
  bool withdraw() const { return function<bool()>("cairn_emulation_withdraw")(); }
  void set_devices(int count) const { function<void(int)>("cairn_emulation_set_devices")(count); }
  void set_driver(int error, int version) const {
    function<void(int, int)>("cairn_emulation_set_driver")(error, version);
  }
  void set_memory(std::size_t bytes) const { function<void(std::size_t)>("cairn_emulation_set_memory")(bytes); }
  emulation::Census census() const {
    emulation::Census census;
    function<void(emulation::Census*)>("cairn_emulation_census")(&census);
    return census;
  }
  /// The call of cuBLAS's `name` after the next `skip` of them fails with `status`. cuBLAS must have been opened.
  void fail_cublas(const char* name, int status, int skip = 0) const {
    void* const cublas =
        dlopen(("libcublas.so." + std::to_string(CUDART_VERSION / 1000)).c_str(), RTLD_NOW | RTLD_NOLOAD);
    if (!cublas) throw std::runtime_error(dlerror());
    reinterpret_cast<void (*)(const char*, int, int)>(dlsym(cublas, "cairn_emulation_fail_next_cublas"))(name, skip,
                                                                                                         status);
  }

 private:
  TemporaryFolder folder_;
  void* library_;  // never closed: the backend keeps its GPUs as long as the process
};

/// What a call of the table came to: "ok", or "device_lost: why".
inline std::string outcome(const cairn::Backend& table, cairn::Status status) {
  static constexpr const char* names[] = {"ok", "unsupported", "out_of_memory", "device_lost", "invalid", "failed"};
  const std::string name = names[static_cast<int>(status)];
  return status == cairn::Status::ok ? name : name + ": " + table.last_error();
}

/// Memory of a device, given back with its scope.
class DeviceMemory {
 public:
  DeviceMemory(const cairn::Backend& table, std::size_t size, void* stream = nullptr, int device = 0)
      : table_(table), size_(size), stream_(stream), device_(device) {
    status = table.allocate(device, size, stream, &data);
  }
  ~DeviceMemory() {
    if (data && table_.release(device_, data, size_, stream_) != cairn::Status::ok)
      table_.release(device_, data, size_, stream_);  // where a test made the first attempt fail
  }
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  cairn::Status status;
  void* data = nullptr;

 private:
  const cairn::Backend& table_;
  std::size_t size_;
  void* stream_;
  int device_;
};

/// A vector on a device, as a kernel's operand.
struct Operand {
  std::int64_t dims[2], strides[2];
  cairn::View view;

  Operand(void* data, std::int64_t rows, std::int64_t columns, cairn::DType dtype = cairn::DType::float32)
      : dims{rows, columns}, strides{columns, 1}, view{data, dims, strides, 2, dtype} {}
  Operand(const Operand&) = delete;
  Operand& operator=(const Operand&) = delete;
};

/// y = operation(a, b), all float32 [rows, columns].
inline cairn::Status run_binary(const cairn::Backend& table, cairn::Operation operation, const Operand& y,
                                const Operand& a, const Operand& b, void* stream = nullptr, int device = 0) {
  const cairn::View operands[] = {y.view, a.view, b.view};
  const cairn::KernelCall call{operation, a.view.dtype, 3, operands, nullptr, 0};
  return table.run(device, &call, stream);
}
