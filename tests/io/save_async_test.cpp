// Saving beside training: one save is one step, memory is bounded, errors arrive.
#include "catch.h"

#include <atomic>

#include "devices.h"
#include "faulty_file_system.h"
#include "temporary_folder.h"
#include "values.h"

#include <cairn/io.h>

using namespace cairn;

TEST_CASE("A save beside training holds exactly the step it was called at", "[io][save_async]") {
  const TemporaryFolder folder;
  const std::uint64_t staging = GENERATE(0, std::uint64_t{3} << 20, std::uint64_t{256} << 20);
  const Tensor large = zeros({700000}), view = large.narrow(0, 5, 7), small = zeros({3});
  io::AsyncSaver saver(staging);
  for (int step = 1; step <= 12; ++step) {
    large.fill_(step), small.fill_(-step);
    const std::string path = folder.path() + "/" + std::to_string(step) + ".cairn";
    const Value value{{"step", step}, {"large", large}, {"view", view}, {"small", small}};
    const Value now = io::load_memory(io::save_to_memory(value).data);
    saver.save(path, value, {.synced = false});
    large.fill_(999), small.fill_(999);
    saver.wait();
    CHECK(saver.is_done());
    CHECK(same(io::load(path), now));
  }
}

TEST_CASE("Beside training the same bytes are written", "[io][save_async]") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/a.cairn";
  const Value value{
      {"large", large_checkpoint()}, {"spread", rand({40, 50}).t()}, {"columns", rand({30, 4}).select(1, 2)}};
  const io::SaveOptions options{.preset = GENERATE(io::Preset::none, io::Preset::fast),
                                .attributes = {.file = {{"a", 1}}}};
  io::save_async(path, value, options)->wait();
  const io::SourceReference source = io::open_source(path);
  Bytes bytes{std::vector<std::byte>(source->size())};
  source->read(0, bytes.data);
  CHECK(bytes == io::save_to_memory(value, options));
}

TEST_CASE("The error of a save beside training reaches the caller, once", "[io][save_async]") {
  const TemporaryFolder folder;
  const std::uint64_t staging = GENERATE(0, std::uint64_t{256} << 20);
  ForgetfulFileSystem disk;
  for (int failing = 0;; ++failing) {
    std::atomic<bool> met = false;
    WatchedFileSystem files(disk, [&](int number, const std::string& operation) {
      if (number != failing) return;
      met = true;
      throw IoError("no more: " + operation);
    });
    io::AsyncSaver saver(staging);
    bool failed = false;
    try {
      disk.put("/disk/folder", {});
      saver.save("/disk/run", {{"x", full({900000}, 4)}}, {.preset = io::Preset::none, .file_system = &files});
      saver.wait();
    } catch (const IoError&) {
      failed = true;
    }
    CHECK_NOTHROW(saver.wait());
    if (!met) {
      CHECK_FALSE(failed);
      REQUIRE(failing > 8);
      break;
    }
  }
  io::AsyncSaver saver;
  CHECK_THROWS_AS(saver.save(folder.path() + "/a.pth", 1), ValueError);
  CHECK_THROWS_AS(saver.save(folder.path() + "/a.cairn", {{"m", zeros({2}, {.device = "meta"})}}), Error);
  CHECK_NOTHROW(saver.wait());
  const auto save_nowhere = [&] {  // which call throws depends on which thread is faster
    saver.save(folder.path() + "/none/a.cairn", {{"x", ones({3})}});
    saver.save(folder.path() + "/b.cairn", 2);
  };
  CHECK_THROWS_WITH(save_nowhere(), Catch::Matchers::Contains("does not exist"));
  saver.save(folder.path() + "/b.cairn", 1);
  saver.wait();
  CHECK(same(io::load(folder.path() + "/b.cairn"), 1));
}

TEST_CASE("Numbers of devices are saved beside training", "[io][save_async][device]") {
  const TemporaryFolder folder;
  const Device device = GENERATE(from_range(devices()));
  const Tensor numbers = numbered({300, 1000}).to(device);
  io::AsyncSaver saver;
  saver.save(folder.path() + "/a.cairn", {{"x", numbers}}, {.synced = false});
  numbers.fill_(0);
  saver.wait();
  CHECK(elements(io::load(folder.path() + "/a.cairn")["x"].as_tensor()) == elements(numbered({300, 1000})));
}
