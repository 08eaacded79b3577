// What devices there are, and their memory.
#include <cairn/core/devices.h>

#include <string>
#include <vector>

#include <cairn/core/error.h>
#include <cairn/core/ops.h>

#include "catch.h"
#include "devices.h"
#include "message_of.h"

using namespace cairn;
using Catch::Matchers::Contains;

namespace {

/// Takes a device's limit away again.
struct Limited {
  Device device;
  explicit Limited(Device device, std::size_t bytes) : device(device) { set_memory_limit(device, bytes); }
  ~Limited() { set_memory_limit(device, 0); }
};

constexpr std::size_t mebibyte = std::size_t{1} << 20;
constexpr std::int64_t mebibyte_of_floats = 1 << 18;

Tensor taken(Device device, std::int64_t mebibytes) {
  return zeros({mebibytes * mebibyte_of_floats}, {.device = device});
}

}  // namespace

TEST_CASE("Device types are listed, the CPU first") {
  const auto types = device_types();
  REQUIRE(types.size() == 4);
  CHECK(types.front() == Device::Type::cpu);
  for (std::size_t i = 0; i < types.size(); ++i) {
    CHECK(static_cast<std::size_t>(types[i]) == i);
    CHECK(Device(name(types[i])).type() == types[i]);
  }
}

TEST_CASE("The devices that can be used are told, and how many there are of each type", "[device]") {
  const std::vector<Device> all = available_devices();
  REQUIRE(all.size() >= 2);
  CHECK(all.front() == Device());
  CHECK(device_count(Device::Type::cpu) == 1);
  CHECK(device_count(Device::Type::meta) == 1);
  CHECK(device_count(Device::Type::sim) == 8);
  for (const Device device : all) {
    CAPTURE(device);
    CHECK_FALSE(device.is_meta());
    CHECK(is_available(device));
    CHECK(device.index() == 0);
    const int count = device_count(device.type());
    if (device.is_cpu()) continue;
    CHECK(is_available(Device(device.type(), count - 1)));
    CHECK_FALSE(is_available(Device(device.type(), count)));
  }
}

TEST_CASE("A device has the name of the product", "[device]") {
  CHECK(device_name("cpu") == "CPU");
  CHECK(device_name("sim:1") == "emulated accelerator");
  for (const Device device : everywhere()) CHECK_FALSE(device_name(device).empty());
  CHECK_THROWS_AS(device_name("sim:99"), DeviceError);
}

TEST_CASE("A device that is not there is refused with its number and how many there are", "[device]") {
  for (const Device device : devices()) {
    const int count = device_count(device.type());
    const Device absent(device.type(), count);
    CHECK(message_of([&] { zeros({1}, {.device = absent}); }) ==
          text("there is no ", absent, ": ", count,
               count == 1 ? " such device is present, number 0" : " such devices are present, numbered from 0"));
    CHECK_THROWS_AS(synchronize(absent), DeviceError);
    CHECK_THROWS_AS(memory_statistics(absent), DeviceError);
  }
}

TEST_CASE("Memory that is not counted is refused by name") {
  for (const char* device : {"cpu", "meta"}) {
    CHECK(message_of([&] { memory_statistics(device); }) ==
          text("memory_statistics: ", device, " does not count its memory"));
    CHECK(message_of([&] { set_memory_limit(device, 5); }) ==
          text("set_memory_limit: ", device, " does not count its memory"));
    CHECK_THROWS_AS(empty_cache(device), DeviceError);
    CHECK_THROWS_AS(reset_peak_memory(device), DeviceError);
    CHECK_NOTHROW(synchronize(device));
  }
}

TEST_CASE("Memory is counted: used, its peak, and what there is", "[device]") {
  for (const Device device : devices()) {
    CAPTURE(device);
    synchronize(device);
    const MemoryStatistics before = memory_statistics(device);
    {
      const Tensor a = taken(device, 3), b = taken(device, 2);
      const MemoryStatistics with = memory_statistics(device);
      CHECK(with.used >= before.used + 5 * mebibyte);
      CHECK(with.used < before.used + 6 * mebibyte);
      CHECK(with.peak >= with.used);
      CHECK(with.reserved >= with.used);
      CHECK(with.total >= with.used);
      CHECK(with.free <= with.total);
      CHECK(with.limit == 0);
    }
    synchronize(device);
    const MemoryStatistics after = memory_statistics(device);
    CHECK(after.used == before.used);
    CHECK(after.peak >= before.used + 5 * mebibyte);
    reset_peak_memory(device);
    CHECK(memory_statistics(device).peak == after.used);
    {
      const Tensor a = taken(device, 1);
      CHECK(memory_statistics(device).peak < before.used + 2 * mebibyte);
    }
    empty_cache(device);
    const MemoryStatistics emptied = memory_statistics(device);
    CHECK(emptied.reserved <= after.reserved);
    CHECK(emptied.used == before.used);
  }
}

TEST_CASE("A limit holds: what goes beyond it is refused, what is there stays, and there is a way out", "[device]") {
  for (const Device device : devices()) {
    CAPTURE(device);
    const Tensor kept = full({mebibyte_of_floats}, 3, {.device = device});
    synchronize(device);
    const std::size_t used = memory_statistics(device).used;
    {
      const Limited limited(device, used + 4 * mebibyte);
      CHECK(memory_statistics(device).limit == used + 4 * mebibyte);
      Tensor fits = taken(device, 3);
      const std::string message = message_of([&] { taken(device, 8); });
      CHECK_THAT(message, Contains(to_string(device)) && Contains("memory"));
      CHECK_THAT(message, Contains("8388608") || Contains("8.00 MiB"));  // asked for
      CHECK_THROWS_AS(kept + fits.narrow(0, 0, mebibyte_of_floats) + kept, DeviceError);
      CHECK(kept[17].item() == 3);
      fits = Tensor();
      synchronize(device);
      CHECK_NOTHROW(taken(device, 3));
    }
    CHECK(memory_statistics(device).limit == 0);
    CHECK_NOTHROW(taken(device, 8));
    const Limited below(device, 1);  // less than is in use: what is there stays
    CHECK(kept[17].item() == 3);
    CHECK_THROWS_AS(zeros({1}, {.device = device}), DeviceError);
  }
}

TEST_CASE("More memory than any device has is refused, and the device goes on", "[device]") {
  for (const Device device : devices()) {
    CHECK_THROWS_AS(empty({std::int64_t{1} << 45}, {.device = device}), DeviceError);
    CHECK(ones({3}, {.device = device}).sum().item() == 3);
  }
}
