#include <cairn/core/backend.h>

#include <atomic>
#include <string>

#include <cairn/core/builtin_backends.h>
#include <cairn/core/error.h>

namespace cairn {
namespace {

constexpr std::size_t type_count = 4;

/// The tables by device type. Those built in are there from the start; a plug-in adds its own, once.
struct Tables {
  std::atomic<const Backend*> at[type_count] = {};

  Tables() {
    for (const Backend* table : {&cpu_backend(), &meta_backend(), &sim_backend()})
      at[static_cast<std::size_t>(table->type)] = table;
  }
};

std::atomic<const Backend*>& table_of(Device::Type type) {
  static Tables tables;
  return tables.at[static_cast<std::size_t>(type)];
}

const Backend* find(Device::Type type) { return table_of(type).load(std::memory_order_acquire); }

}  // namespace

const Backend& backend(Device device) {
  if (device.is_cpu()) [[likely]]
    return cpu_backend();
  const Backend* table = find(device.type());
  if (!table) {
    throw DeviceError(
        text("there is no ", device, ": this program was built without the ", name(device.type()), " backend"),
        {.found = to_string(device), .hint = "link the backend's library, or use \"cpu\""});
  }
  const int count = table->device_count();
  check<DeviceError>(device.index() < count, "there is no ", device, ": ", count,
                     " such devices are present, numbered from 0");
  return *table;
}

bool is_available(Device device) {
  const Backend* table = find(device.type());
  return table && device.index() < table->device_count();
}

void register_backend(const Backend& table) {
  check<DeviceError>(table.version == Backend::current_version, "the ", name(table.type),
                     " backend has a table of version ", table.version, ", but this program takes version ",
                     Backend::current_version);
  table_of(table.type).store(&table, std::memory_order_release);
}

void check_status(Status status, const Backend& backend, Device device, const char* what) {
  if (status == Status::ok) [[likely]]
    return;
  const char* why = backend.last_error ? backend.last_error() : "";
  const char* kind = "failed";
  switch (status) {
    case Status::unsupported:
      kind = "is not supported there";
      break;
    case Status::out_of_memory:
      kind = "ran out of memory";
      break;
    case Status::device_lost:
      kind = "lost the device";
      break;
    case Status::invalid:
      kind = "was given what it cannot take";
      break;
    default:
      break;
  }
  throw DeviceError(text(device, ": ", what, ' ', kind, why && *why ? ": " : "", why ? why : ""),
                    {.found = why ? why : ""});
}

void synchronize(Device device) {
  const Backend& table = backend(device);
  check_status(table.synchronize(device.index(), nullptr), table, device, "synchronize");
}

}  // namespace cairn
