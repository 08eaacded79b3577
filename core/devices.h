// What devices there are, when their work is done, and what their memory holds.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <cairn/core/device.h>

namespace cairn {

/// True when the device can be used now.
bool is_available(Device device);

/// How many devices of the type can be used; 0 where there is no backend, no driver or no device.
int device_count(Device::Type type);

/// The first device of every type that can be used now and holds numbers; the CPU comes first.
std::vector<Device> available_devices();

/// The name of the product: "NVIDIA H200". Throws DeviceError when the device is absent.
std::string device_name(Device device);

/// Waits until all work queued on the device is done, and throws DeviceError for what failed of it.
void synchronize(Device device);

/// A device's memory, in bytes.
struct MemoryStatistics {
  std::size_t used;      ///< By tensors and by operations under way.
  std::size_t peak;      ///< The largest `used` since the start, or since reset_peak_memory.
  std::size_t reserved;  ///< Taken from the device: used, or kept for what comes next.
  std::size_t free;      ///< What the device could give beyond that.
  std::size_t total;     ///< What the device has.
  std::size_t limit;     ///< `used` may not exceed it; 0: no limit but the device's own.
};

/// Throws DeviceError where memory is not counted (cpu, meta), or the device is absent.
MemoryStatistics memory_statistics(Device device);

/// Tensors on the device may take `bytes` in all; beyond that an allocation throws DeviceError, as when memory is full.
/// 0: as much as there is. What is in use already stays.
void set_memory_limit(Device device, std::size_t bytes);

/// Gives memory that is kept for later tensors back to the device, for other programs. Waits for work under way.
void empty_cache(Device device);

/// Starts `peak` anew, from what is in use now.
void reset_peak_memory(Device device);

}  // namespace cairn
