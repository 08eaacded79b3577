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
    for (const Backend* table : builtin_backends()) at[static_cast<std::size_t>(table->type)] = table;
  }
};

std::atomic<const Backend*>& table_of(Device::Type type) {
  static Tables tables;
  return tables.at[static_cast<std::size_t>(type)];
}

[[noreturn]] void throw_not_compiled(Device device) {
  std::string type(name(device.type()));
  for (char& letter : type) letter = static_cast<char>(letter - 'a' + 'A');
  throw DeviceError(text("Torch not compiled with ", type, " enabled"),
                    {.found = to_string(device),
                     .hint = text("there is no ", device, ": this program has no ", name(device.type()),
                                  " backend; link Cairn::", name(device.type()),
                                  ", open its plug-in with load_backend(), or use \"cpu\"")});
}

[[noreturn]] void throw_absent(Device device, const Backend& table, int count) {
  if (count == 0 && table.why_none)
    throw DeviceError(table.why_none(),
                      {.found = to_string(device), .hint = text("there is no ", device, "; use \"cpu\"")});
  throw DeviceError(
      text("there is no ", device, ": ", count,
           count == 1 ? " such device is present, number 0" : " such devices are present, numbered from 0"),
      {.found = to_string(device)});
}

}  // namespace

const Backend& backend(Device device) {
  if (device.is_cpu()) [[likely]]
    return cpu_backend();
  const Backend* table = find_backend(device.type());
  if (!table) throw_not_compiled(device);
  const int count = table->device_count();
  if (device.index() >= count) throw_absent(device, *table, count);
  return *table;
}

const Backend* find_backend(Device::Type type) { return table_of(type).load(std::memory_order_acquire); }

void register_backend(const Backend& table) {
  check<DeviceError>(table.version == Backend::current_version, "the ", name(table.type),
                     " backend has a table of version ", table.version, ", but this program takes version ",
                     Backend::current_version, "; build both from the same Cairn");
  const Backend* none = nullptr;
  table_of(table.type).compare_exchange_strong(none, &table, std::memory_order_acq_rel);
}

void check_status(Status status, const Backend& backend, Device device, const char* what) {
  if (status == Status::ok) [[likely]]
    return;
  const char* why = backend.last_error ? backend.last_error() : nullptr;
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

}  // namespace cairn
