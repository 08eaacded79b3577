#include <thread>
#include <vector>

#include <cairn/core/devices.h>

#include "catch.h"
#include "emulated_plugin.h"

using namespace cairn;

namespace {

constexpr std::size_t kibibyte = 1024, mebibyte = kibibyte * kibibyte;

MemoryStatistics statistics(const Backend& table) {
  MemoryStatistics now = {};
  REQUIRE(table.synchronize(0, nullptr) == Status::ok);
  REQUIRE(outcome(table, table.memory_statistics(0, &now)) == "ok");
  return now;
}

}  // namespace

TEST_CASE("memory is counted") {
  const EmulatedPlugin plugin;
  const Backend& table = *plugin.table;
  plugin.set_memory(64 * mebibyte);
  CHECK(statistics(table).used == 0);
  CHECK(statistics(table).total == 64 * mebibyte);
  CHECK(statistics(table).limit == 0);
  {
    const DeviceMemory first(table, 5 * mebibyte), second(table, 100);
    CHECK(statistics(table).used == 5 * mebibyte + 100);
  }
  MemoryStatistics now = statistics(table);
  CHECK(now.used == 0);
  CHECK(now.peak == 5 * mebibyte + 100);
  CHECK(now.reserved == 6 * mebibyte);  // kept for what comes next
  CHECK(now.free == 58 * mebibyte);

  CHECK(table.trim_memory(0) == Status::ok);
  CHECK(table.reset_peak(0) == Status::ok);
  now = statistics(table);
  CHECK(now.peak == 0);
  CHECK(now.reserved == 0);
  CHECK(now.free == 64 * mebibyte);
}

TEST_CASE("a full GPU says so in PyTorch's words, and nothing has changed") {
  const EmulatedPlugin plugin;
  const Backend& table = *plugin.table;
  plugin.set_memory(64 * mebibyte);
  const DeviceMemory first(table, 61 * mebibyte);
  CHECK(outcome(table, DeviceMemory(table, 20 * mebibyte).status) ==
        "out_of_memory: CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 64.00 MiB of "
        "which "
        "2.00 MiB is free. Of the allocated memory 61.00 MiB is allocated by Cairn, and 1024.00 KiB is reserved by "
        "Cairn but "
        "unallocated.");
  CHECK(statistics(table).used == 61 * mebibyte);
  CHECK(statistics(table).peak == 61 * mebibyte);
  CHECK(DeviceMemory(table, mebibyte).status == Status::ok);
  CHECK(plugin.function<int()>("cairn_emulation_last_error")() == cudaSuccess);
}

TEST_CASE("amounts are printed as PyTorch prints them") {
  const EmulatedPlugin plugin;
  const Backend& table = *plugin.table;
  REQUIRE(table.limit_memory(0, 1) == Status::ok);
  const auto tried = [&](std::size_t size) {
    const std::string text = outcome(table, DeviceMemory(table, size).status);
    const std::size_t begin = text.find("allocate ") + 9;
    return text.substr(begin, text.find(". GPU") - begin);
  };
  CHECK(tried(2) == "2 bytes");
  CHECK(tried(1024) == "1024 bytes");
  CHECK(tried(1025) == "1.00 KiB");
  CHECK(tried(100 * kibibyte + 512) == "100.50 KiB");
  CHECK(tried(mebibyte) == "1024.00 KiB");
  CHECK(tried(mebibyte + mebibyte / 4) == "1.25 MiB");
  CHECK(tried(1536 * mebibyte) == "1.50 GiB");
  CHECK(tried(~std::size_t{0}) == "17179869184.00 GiB");
}

TEST_CASE("memory given back and not yet free is waited for before an allocation fails") {
  const EmulatedPlugin plugin;
  const Backend& table = *plugin.table;
  plugin.set_memory(64 * mebibyte);
  SECTION("on another stream") {
    void* stream = nullptr;
    REQUIRE(table.create_stream(0, &stream) == Status::ok);
    { const DeviceMemory there(table, 60 * mebibyte, stream); }
    CHECK(outcome(table, DeviceMemory(table, 60 * mebibyte).status) == "ok");
    CHECK(table.destroy_stream(0, stream) == Status::ok);
  }
  SECTION("where the first attempt fails for whatever reason") {
    plugin.fail_next("cudaMallocFromPoolAsync", cudaErrorMemoryAllocation);
    CHECK(outcome(table, DeviceMemory(table, mebibyte).status) == "ok");
    CHECK_FALSE(plugin.withdraw());
  }
  SECTION("and what is kept unused is given back") {
    plugin.fail_next("cudaMemPoolTrimTo", cudaErrorNotSupported);
    CHECK(outcome(table, DeviceMemory(table, 80 * mebibyte).status) ==
          "failed: operation not supported (cudaErrorNotSupported)");
    CHECK(statistics(table).used == 0);
  }
  SECTION("and what failed earlier is found then") {
    const DeviceMemory memory(table, 64);
    const Operand x(memory.data, 4, 4);
    plugin.fail_next("kernel", cudaErrorIllegalAddress);
    CHECK(run_binary(table, Operation::add, x, x, x) == Status::ok);
    CHECK(DeviceMemory(table, 80 * mebibyte).status == Status::device_lost);
    plugin.reset();
    CHECK(statistics(table).used == 64);
  }
}

TEST_CASE("a limit holds for what is asked, not for what is there") {
  const EmulatedPlugin plugin;
  const Backend& table = *plugin.table;
  const DeviceMemory first(table, 3 * mebibyte);
  REQUIRE(table.limit_memory(0, 2 * mebibyte) == Status::ok);
  CHECK(statistics(table).limit == 2 * mebibyte);
  CHECK(outcome(table, DeviceMemory(table, 1).status) ==
        "out_of_memory: CUDA out of memory. Tried to allocate 1 bytes. GPU 0 has a total capacity of 4.00 GiB of which "
        "4.00 GiB is free. 2.00 MiB allowed (set_memory_limit); Of the allocated memory 3.00 MiB is allocated by "
        "Cairn, and "
        "1024.00 KiB is reserved by Cairn but unallocated.");
  REQUIRE(table.limit_memory(0, 4 * mebibyte) == Status::ok);
  CHECK(DeviceMemory(table, mebibyte).status == Status::ok);
  CHECK(DeviceMemory(table, mebibyte + 1).status == Status::out_of_memory);
  REQUIRE(table.limit_memory(0, 0) == Status::ok);
  CHECK(DeviceMemory(table, 100 * mebibyte).status == Status::ok);
  CHECK(statistics(table).peak == 103 * mebibyte);
}

TEST_CASE("threads that allocate at once never go beyond the limit, and lose no byte of the account") {
  const EmulatedPlugin plugin;
  const Backend& table = *plugin.table;
  REQUIRE(table.limit_memory(0, 10'000) == Status::ok);
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int round = 0; round < 100; ++round) {
        const DeviceMemory one(table, 3000), two(table, 1);
      }
    });
  for (std::thread& thread : threads) thread.join();
  const MemoryStatistics now = statistics(table);
  CHECK(now.used == 0);
  CHECK(now.peak >= 3001);
  CHECK(now.peak <= 10'000);
}
