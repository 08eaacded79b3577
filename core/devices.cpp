#include <cairn/core/devices.h>

#include <cairn/core/backend.h>
#include <cairn/core/error.h>

namespace cairn {
namespace {

template <class Function, class... Arguments>
void call(Device device, const char* what, Function Backend::*member, Arguments... arguments) {
  const Backend& table = backend(device);
  check<DeviceError>(table.*member != nullptr, what, ": ", device, " does not count its memory");
  check_status((table.*member)(device.index(), arguments...), table, device, what);
}

}  // namespace

int device_count(Device::Type type) {
  const Backend* table = find_backend(type);
  return table ? table->device_count() : 0;
}

bool is_available(Device device) { return device.index() < device_count(device.type()); }

std::vector<Device> available_devices() {
  std::vector<Device> devices;
  for (const Device::Type type : device_types()) {
    const Backend* table = find_backend(type);
    if (table && table->has_numbers && table->device_count() > 0)
      devices.push_back(type == Device::Type::cpu ? Device() : Device(type, 0));
  }
  return devices;
}

void synchronize(Device device) { call(device, "synchronize", &Backend::synchronize, nullptr); }

std::string device_name(Device device) { return backend(device).device_name(device.index()); }

MemoryStatistics memory_statistics(Device device) {
  MemoryStatistics statistics = {};
  call(device, "memory_statistics", &Backend::memory_statistics, &statistics);
  return statistics;
}

void set_memory_limit(Device device, std::size_t bytes) {
  call(device, "set_memory_limit", &Backend::limit_memory, bytes);
}

void empty_cache(Device device) {
  synchronize(device);
  call(device, "empty_cache", &Backend::trim_memory);
}

void reset_peak_memory(Device device) { call(device, "reset_peak_memory", &Backend::reset_peak); }

}  // namespace cairn
