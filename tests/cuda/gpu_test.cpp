// Copies, streams and events through the table: of the GPU that the program runs with (CAIRN_TEST_BACKEND), or of an
// emulated one.
#include <cstring>
#include <thread>
#include <vector>

#include "catch.h"
#include "emulated_plugin.h"

using namespace cairn;

namespace {

const Backend& gpu() {
  if (const Backend* const table = find_backend(Device::Type::cuda)) return *table;
  static const EmulatedPlugin plugin;
  return *plugin.table;
}

std::vector<unsigned char> bytes(std::size_t count, unsigned seed) {
  std::vector<unsigned char> all(count);
  for (unsigned char& byte : all) byte = static_cast<unsigned char>((seed = seed * 1664525 + 1013904223) >> 24);
  return all;
}

/// A stream, or an event, given back with its scope.
struct Handle {
  Handle(Status (*create)(std::int32_t, void**), Status (*destroy)(std::int32_t, void*), int device = 0)
      : destroy(destroy), device(device) {
    REQUIRE(create(device, &get) == Status::ok);
  }
  ~Handle() { destroy(device, get); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  void* get = nullptr;
  Status (*destroy)(std::int32_t, void*);
  int device;
};
struct StreamHandle : Handle {
  explicit StreamHandle(const Backend& table, int device = 0)
      : Handle(table.create_stream, table.destroy_stream, device) {}
};
struct EventHandle : Handle {
  explicit EventHandle(const Backend& table) : Handle(table.create_event, table.destroy_event) {}
};

constexpr std::size_t mebibyte = std::size_t{1} << 20;

}  // namespace

TEST_CASE("bytes come back as they went in, however many", "[device]") {
  const Backend& table = gpu();
  for (const std::size_t count :
       {std::size_t{1}, std::size_t{3}, std::size_t{255}, std::size_t{256}, std::size_t{257}, 4 * mebibyte - 1,
        4 * mebibyte, 4 * mebibyte + 1, 8 * mebibyte, 8 * mebibyte + 5, 21 * mebibyte + 777}) {
    CAPTURE(count);
    const DeviceMemory memory(table, count);
    REQUIRE(outcome(table, memory.status) == "ok");
    const std::vector<unsigned char> original = bytes(count, static_cast<unsigned>(count));
    std::vector<unsigned char> sent = original, back(count, 1);
    REQUIRE(outcome(table, table.copy_in(0, memory.data, sent.data(), count, nullptr)) == "ok");
    std::memset(sent.data(), 0, count);  // the source may be reused
    REQUIRE(outcome(table, table.copy_out(0, back.data(), memory.data, count, nullptr)) == "ok");
    CHECK(std::memcmp(back.data(), original.data(), count) == 0);
  }
}

TEST_CASE("no bytes are copied to and from nowhere", "[device]") {
  const Backend& table = gpu();
  const DeviceMemory nothing(table, 0);
  CHECK(nothing.status == Status::ok);
  CHECK(nothing.data == nullptr);
  CHECK(table.copy_in(0, nullptr, nullptr, 0, nullptr) == Status::ok);
  CHECK(table.copy_out(0, nullptr, nullptr, 0, nullptr) == Status::ok);
  CHECK(table.release(0, nullptr, 0, nullptr) == Status::ok);
}

TEST_CASE("many copies on several streams keep apart", "[device]") {
  const Backend& table = gpu();
  const StreamHandle first(table), second(table);
  void* const streams[] = {first.get, second.get, nullptr};
  constexpr std::size_t each = 100'003, count = 150;  // several times what is staged at once
  const DeviceMemory memory(table, each * count);
  REQUIRE(table.synchronize(0, nullptr) == Status::ok);
  char* const data = static_cast<char*>(memory.data);
  for (std::size_t i = 0; i < count; ++i) {
    const std::vector<unsigned char> sent = bytes(each, static_cast<unsigned>(i));
    REQUIRE(table.copy_in(0, data + i * each, sent.data(), each, streams[i / 2 % 3]) == Status::ok);
  }
  for (std::size_t i = count; i-- > 0;) {
    std::vector<unsigned char> back(each);
    REQUIRE(table.copy_out(0, back.data(), data + i * each, each, streams[i / 2 % 3]) == Status::ok);
    REQUIRE(back == bytes(each, static_cast<unsigned>(i)));
  }
}

TEST_CASE("a copy that fails half-way leaves nothing under way that could write to the staging later") {
  const EmulatedPlugin plugin;
  const Backend& table = *plugin.table;
  const DeviceMemory memory(table, 9 * mebibyte);
  REQUIRE(table.synchronize(0, nullptr) == Status::ok);
  std::vector<unsigned char> back(9 * mebibyte);
  plugin.fail_next("cudaMemcpyAsync", cudaErrorNotSupported, 1);
  CHECK(table.copy_out(0, back.data(), memory.data, back.size(), nullptr) == Status::failed);
  CHECK(plugin.census().waiting == 0);
}

TEST_CASE("a stream may go while copies through it are under way", "[device]") {
  const Backend& table = gpu();
  const DeviceMemory memory(table, 6 * mebibyte);
  REQUIRE(table.synchronize(0, nullptr) == Status::ok);
  for (unsigned round = 0; round < 4; ++round) {
    const std::vector<unsigned char> sent = bytes(6 * mebibyte, round);
    {
      const StreamHandle stream(table);
      REQUIRE(table.copy_in(0, memory.data, sent.data(), sent.size(), stream.get) == Status::ok);
      const EventHandle event(table);
      REQUIRE(table.record_event(0, event.get, stream.get) == Status::ok);
      REQUIRE(table.wait_event(0, event.get, nullptr) == Status::ok);
    }
    std::vector<unsigned char> back(sent.size());
    REQUIRE(outcome(table, table.copy_out(0, back.data(), memory.data, back.size(), nullptr)) == "ok");
    CHECK(back == sent);
  }
}

TEST_CASE("a stream waits for another's event", "[device]") {
  const Backend& table = gpu();
  const StreamHandle producer(table), consumer(table);
  const EventHandle ready(table), not_recorded(table);
  constexpr std::int64_t n = 4096;
  const DeviceMemory x(table, n * 4, producer.get), y(table, n * 4, consumer.get);
  const Operand a(x.data, 1, n), b(y.data, 1, n);
  std::vector<float> numbers(n), back(n);
  for (std::size_t i = 0; i < n; ++i) numbers[i] = static_cast<float>(i);
  CHECK(table.wait_event(0, not_recorded.get, consumer.get) == Status::ok);
  REQUIRE(table.copy_in(0, x.data, numbers.data(), n * 4, producer.get) == Status::ok);
  for (int i = 0; i < 3; ++i) REQUIRE(run_binary(table, Operation::add, a, a, a, producer.get) == Status::ok);
  REQUIRE(table.record_event(0, ready.get, producer.get) == Status::ok);
  REQUIRE(table.wait_event(0, ready.get, consumer.get) == Status::ok);
  REQUIRE(run_binary(table, Operation::add, b, a, a, consumer.get) == Status::ok);
  REQUIRE(outcome(table, table.copy_out(0, back.data(), y.data, n * 4, consumer.get)) == "ok");
  for (std::size_t i = 0; i < n; ++i) REQUIRE(back[i] == static_cast<float>(16 * i));
  CHECK(table.synchronize(0, producer.get) == Status::ok);
}

TEST_CASE("threads copy and compute side by side", "[device]") {
  const Backend& table = gpu();
  std::vector<std::string> results(4);
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < results.size(); ++t)
    threads.emplace_back([&, t] {
      void* stream = nullptr;
      if (t > 0) table.create_stream(0, &stream);
      for (unsigned round = 0; round < 20 && results[t].empty(); ++round) {
        constexpr std::int64_t n = 50'000;
        const DeviceMemory memory(table, n * 4, stream);
        const Operand x(memory.data, 1, n);
        const std::vector<float> numbers(n, static_cast<float>(t + round));
        std::vector<float> back(n);
        if (table.copy_in(0, memory.data, numbers.data(), n * 4, stream) != Status::ok ||
            run_binary(table, Operation::mul, x, x, x, stream) != Status::ok ||
            table.copy_out(0, back.data(), memory.data, n * 4, stream) != Status::ok)
          results[t] = table.last_error();
        for (const float number : back)
          if (number != static_cast<float>((t + round) * (t + round))) results[t] = "another number";
      }
      table.destroy_stream(0, stream);
    });
  for (std::thread& thread : threads) thread.join();
  for (const std::string& result : results) CHECK(result == "");
}

TEST_CASE("an operation without a kernel is not supported, and gives no reason of an earlier failure", "[device]") {
  const Backend& table = gpu();
  CHECK(table.supports(Operation::add, DType::bfloat16));
  CHECK_FALSE(table.supports(Operation::add, DType::float8_e4m3fn));
  CHECK_FALSE(table.supports(Operation::count, DType::float32));
  CHECK(table.synchronize(99, nullptr) == Status::invalid);
  const DeviceMemory memory(table, 64);
  const Operand x(memory.data, 4, 4, DType::float8_e4m3fn);
  CHECK(outcome(table, run_binary(table, Operation::add, x, x, x)) == "unsupported: ");
}

TEST_CASE("the application's own use of CUDA is left as it was") {
  const EmulatedPlugin plugin;
  const Backend& table = *plugin.table;
  const auto current = [&] { return plugin.function<int()>("cairn_emulation_current_device")(); };
  plugin.function<void(int)>("cairn_emulation_use_device")(1);
  for (const int device : {0, 1}) {
    CAPTURE(device);
    const DeviceMemory memory(table, 64, nullptr, device);
    const Operand x(memory.data, 4, 4);
    const float numbers[16] = {1, 2, 3};
    float back[16];
    CHECK(table.copy_in(device, memory.data, numbers, 64, nullptr) == Status::ok);
    CHECK(outcome(table, run_binary(table, Operation::add, x, x, x, nullptr, device)) == "ok");
    CHECK(table.copy_out(device, back, memory.data, 64, nullptr) == Status::ok);
    CHECK(back[2] == 6);
    CHECK(std::string(table.device_name(device)) == "emulated GPU " + std::to_string(device));
    CHECK(current() == 1);
  }
  CHECK(plugin.census().pools == 2);
}

namespace {

/// Something of everything. Returns the first failure, or "ok".
std::string scenario(const Backend& table) {
  Status status = Status::ok;
  std::string text = "ok";
  const auto step = [&](Status now) {
    if (now != Status::ok && status == Status::ok) text = outcome(table, status = now);
    return now == Status::ok;
  };
  const auto twice = [&](auto&& call) {  // what gives something back is asked again
    if (!step(call())) call();
  };
  constexpr std::int64_t n = 60;
  constexpr std::size_t size = n * n * 4;
  void *stream = nullptr, *event = nullptr, *memory[4] = {};
  MemoryStatistics statistics;
  step(table.create_stream(0, &stream));
  step(table.create_event(0, &event));
  for (void*& block : memory) step(table.allocate(0, size, stream, &block));
  if (status == Status::ok) {
    const std::vector<float> ones(n * n, 1);
    std::vector<float> back(n * n);
    const Operand a(memory[0], n, n), b(memory[1], n, n), c(memory[2], n, n), d(memory[3], n, n);
    step(table.copy_in(0, memory[0], ones.data(), size, stream)) &&
        step(table.copy_in(0, memory[1], ones.data(), size, stream)) &&
        step(run_binary(table, Operation::add, c, a, b, stream)) &&
        step(run_binary(table, Operation::matmul, d, a, c, stream)) &&
        step(table.copy_out(0, back.data(), memory[3], size, stream)) && step(table.record_event(0, event, stream)) &&
        step(table.wait_event(0, event, nullptr)) && step(table.uniform(0, &b.view, 1, 2, 0, 1, stream)) &&
        step(table.synchronize(0, stream)) && step(table.memory_statistics(0, &statistics));
    if (status == Status::ok)
      for (const float number : back)
        if (number != 2 * n) text = "another number";
  }
  for (void* block : memory)
    if (block) twice([&] { return table.release(0, block, size, stream); });
  if (event) twice([&] { return table.destroy_event(0, event); });
  if (stream) twice([&] { return table.destroy_stream(0, stream); });
  step(table.synchronize(0, nullptr));
  step(table.trim_memory(0));
  return text;
}

}  // namespace

TEST_CASE("whichever call of the runtime fails, it is said, nothing leaks, and the next attempt works") {
  const EmulatedPlugin plugin;
  REQUIRE(plugin.table->device_count() == 2);
  const auto fail_each_call_in_turn = [&] {
    for (int call = 0;; ++call) {
      CAPTURE(call);
      plugin.fail_next(nullptr, cudaErrorNotSupported, call);
      const std::string text = scenario(*plugin.table);
      if (plugin.withdraw()) {
        CHECK(text == "ok");
        return call;
      }
      CHECK((text == "failed: operation not supported (cudaErrorNotSupported)" ||
             text == "failed: an operation queued earlier failed: operation not supported (cudaErrorNotSupported)"));
    }
  };
  CHECK(fail_each_call_in_turn() > 50);
  CHECK(scenario(*plugin.table) == "ok");
  const emulation::Census before = plugin.census();
  CHECK(before.device_blocks == 1);  // cuBLAS's workspace
  fail_each_call_in_turn();
  const emulation::Census after = plugin.census();
  CHECK(after.device_blocks == before.device_blocks);
  CHECK(after.streams == before.streams);
  CHECK(after.events == before.events);
  CHECK(after.pools == before.pools);
  CHECK(after.pinned_blocks == before.pinned_blocks);
}

TEST_CASE("a GPU that cannot be prepared leaves nothing behind, and is tried again") {
  const EmulatedPlugin plugin;
  const Backend& table = *plugin.table;
  REQUIRE(table.device_count() == 2);
  for (int call = 0;; ++call) {
    CAPTURE(call);
    plugin.fail_next(nullptr, cudaErrorNotSupported, call);
    const std::string text = outcome(table, table.limit_memory(1, 0));
    if (plugin.withdraw()) {
      CHECK(text == "ok");
      break;
    }
    CHECK((text == "ok" || text == "failed: operation not supported (cudaErrorNotSupported)"));
  }
  const emulation::Census census = plugin.census();
  CHECK(census.pools == 1);
  CHECK(census.streams == 1);
  CHECK(census.pinned_blocks == 1);
  CHECK(census.events == 0);
}
