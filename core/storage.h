// The numbers of a tensor: bytes on one device, shared by every tensor that looks at them.
//
// In host memory the header and the numbers are one block of the thread's pool, the numbers 64-byte aligned behind the
// header. On another device the block holds the header alone. The version counts in-place changes (autograd.h asks it).
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

#include <cairn/core/backend.h>
#include <cairn/core/builtin_backends.h>
#include <cairn/core/reference.h>
#include <cairn/core/thread_state.h>

namespace cairn {

class Storage : public Counted {
 public:
  /// `size` bytes on the device, their values undefined. Throws DeviceError, std::bad_alloc.
  static Reference<Storage> allocate(std::size_t size, Device device) {
    if (!device.is_cpu() || size > largest) [[unlikely]]
      return allocate_elsewhere(size, device);
    char* block = static_cast<char*>(thread_state.pool.allocate(header_size + size));
    return Reference<Storage>::adopt(new (block) Storage(block + header_size, size, cpu_backend(), device));
  }

  /// Host memory of somebody else's; `release(context)` is called with the last reference gone.
  static Reference<Storage> borrow(void* memory, std::size_t size, void (*release)(void*), void* context);

  static void destroy(Storage* storage) noexcept;

  void* data() const { return data_; }
  std::size_t size() const { return size_; }
  Device device() const { return device_; }
  const Backend& backend() const { return *backend_; }
  std::uint32_t version() const { return version_; }
  void bump_version() { ++version_; }

 private:
  static constexpr std::size_t header_size = 64;
  static constexpr std::size_t largest = SIZE_MAX / 4;

  static Reference<Storage> allocate_elsewhere(std::size_t size, Device device);
  Storage(void* data, std::size_t size, const Backend& backend, Device device)
      : size_(size), data_(data), backend_(&backend), device_(device) {}

  std::uint32_t version_ = 0;
  std::size_t size_;
  void* data_;
  const Backend* backend_;
  void (*release_)(void*) = nullptr;
  void* context_ = nullptr;
  Device device_;
  enum class Place : std::uint8_t { behind_header, on_device, borrowed } place_ = Place::behind_header;
};

}  // namespace cairn
