// What a device must be able to do: a table of C functions over plain views and status codes.
//
// No C++ type and no exception crosses this table, so that a backend may be linked in or opened at run time as a
// plug-in built by another compiler. The CPU, `meta`, `sim` and CUDA fill the same table; nothing else in Cairn asks
// which of them it talks to. A function that fails returns a status other than `ok`, and `last_error` says why.
//
//   core's dispatch()                     a backend
//   ─────────────────                     ─────────
//   Operation, dtype, operands  ──run──►  kernel table [operation][dtype]  ──►  numbers
//   Storage                  ─allocate►   device memory
//   Tensor::to, copy_           ─copy──►  bytes between host and device
//
// Work is queued on a stream (null: the device's default one) and done in its order; `copy_out` and `synchronize` wait.
// `release` takes memory back in stream order: work queued before it may still use the memory. What fails after it was
// queued is reported by the next call that waits, and says so.
#pragma once

#include <cstddef>
#include <cstdint>

#include <cairn/core/device.h>
#include <cairn/core/devices.h>
#include <cairn/core/dtype.h>
#include <cairn/core/operation.h>

namespace cairn {

/// Numbers in memory: `data` points at the first element; strides count elements. `rank` < 0 says "none given".
struct View {
  void* data;
  const std::int64_t* dims;
  const std::int64_t* strides;
  std::int32_t rank;
  DType dtype;
  std::uint16_t by_rows = 0;  ///< 1: the elements lie row by row without gaps; 0: the strides tell.

  bool present() const { return rank >= 0; }
  /// The first element of every row: all dimensions but the last.
  View starts_of_rows() const { return {data, dims, strides, rank - 1, dtype}; }
};

/// One call of one operation. Operands are outputs first, then inputs, as operation.h lists them.
struct KernelCall {
  Operation operation;
  DType dtype;         ///< Chooses the kernel: the dtype the operation computes in.
  std::int32_t count;  ///< Number of operands.
  const View* operands;
  const void* attributes;  ///< The operation's struct of attributes.h, or null.
  std::size_t attributes_size;
};

enum class Status : std::int32_t {
  ok = 0,
  unsupported = 1,
  out_of_memory = 2,
  device_lost = 3,
  invalid = 4,
  failed = 5
};

struct Backend {
  static constexpr std::uint32_t current_version = 3;

  std::uint32_t version;  ///< `current_version` of the header it was compiled with.
  Device::Type type;
  bool host_memory;  ///< Whether the CPU may read its memory directly.
  bool has_numbers;  ///< False for meta: shapes only.

  std::int32_t (*device_count)();
  const char* (*why_none)();  ///< Why `device_count` is 0, as a text for users; null where that cannot be.
  /// The name of the product; valid as long as the process.
  const char* (*device_name)(std::int32_t device);
  Status (*allocate)(std::int32_t device, std::size_t size, void* stream, void** memory);
  Status (*release)(std::int32_t device, void* memory, std::size_t size, void* stream);

  /// Copies `size` bytes; each side is host memory or this device's. Returns when the source may be reused, and,
  /// towards the host, when the bytes are there.
  Status (*copy_in)(std::int32_t device, void* to_device, const void* from_host, std::size_t size, void* stream);
  Status (*copy_out)(std::int32_t device, void* to_host, const void* from_device, std::size_t size, void* stream);

  Status (*run)(std::int32_t device, const KernelCall* call, void* stream);
  bool (*supports)(Operation operation, DType dtype);

  Status (*create_stream)(std::int32_t device, void** stream);
  Status (*destroy_stream)(std::int32_t device, void* stream);
  Status (*create_event)(std::int32_t device, void** event);
  Status (*destroy_event)(std::int32_t device, void* event);
  Status (*record_event)(std::int32_t device, void* event, void* stream);
  Status (*wait_event)(std::int32_t device, void* event, void* stream);
  Status (*synchronize)(std::int32_t device, void* stream);

  // Null where memory is not counted.
  Status (*memory_statistics)(std::int32_t device, MemoryStatistics* statistics);
  Status (*limit_memory)(std::int32_t device, std::size_t limit);  ///< 0 takes the limit away.
  Status (*trim_memory)(std::int32_t device);                      ///< Gives back what is reserved and not used.
  Status (*reset_peak)(std::int32_t device);

  /// Fills a contiguous floating view with numbers of [from, to) from a counter-based generator, advancing nothing: the
  /// caller keeps the counter. Null: the numbers are drawn by the CPU's generator on the host and copied in.
  Status (*uniform)(std::int32_t device, const View* view, std::uint64_t seed, std::uint64_t counter, double from,
                    double to, void* stream);

  const char* (*last_error)();  ///< What the calling thread's last failure was about; valid until its next call.
};

/// The backend of the device; throws DeviceError with PyTorch's text, or its own, when there is none.
const Backend& backend(Device device);

/// Makes a backend known; the first of a type stays. Called by the backends linked in and by plugin.h; throws
/// DeviceError for a table of another version. The table must live as long as the process.
void register_backend(const Backend& table);

/// The table for devices of this type, whether or not there is such a device; null when there is none.
const Backend* find_backend(Device::Type type);

/// Turns a failed status into a DeviceError that names what was attempted.
void check_status(Status status, const Backend& backend, Device device, const char* what);

}  // namespace cairn
