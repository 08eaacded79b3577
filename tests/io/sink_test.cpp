// Containers through pipes, streams and functions; read from streams, mapped files and over a network.
#include "catch.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "http_server.h"
#include "temporary_folder.h"
#include "values.h"

#include <cairn/io.h>

using namespace cairn;

TEST_CASE("Every sink is given the same bytes, and flushed once at the end", "[io][sink]") {
  const Value value = large_checkpoint();
  const Bytes expected = io::save_to_memory(value);
  const int threads = GENERATE(1, 3);
  ThreadPool pool(threads);
  const UseExecutor use(pool);

  Bytes by_function;
  int flushed = 0;
  const auto sink = io::function_sink(
      [&](std::span<const std::byte> bytes) {
        CHECK(flushed == 0);
        by_function.data.insert(by_function.data.end(), bytes.begin(), bytes.end());
      },
      [&] { ++flushed; });
  io::save_to(*sink, value);
  CHECK(by_function == expected);
  CHECK(flushed == 1);

  std::stringstream stream;
  io::save_to(*io::stream_sink(stream), value);
  CHECK(same(io::load(io::stream_source(stream)), value));

  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  Bytes by_pipe;
  std::thread reader([&] {
    std::byte buffer[5000];
    for (ssize_t count; (count = ::read(ends[0], buffer, sizeof buffer)) > 0;)
      by_pipe.data.insert(by_pipe.data.end(), buffer, buffer + count);
  });
  ::fcntl(ends[1], F_SETFL, O_NONBLOCK);  // whoever gave it may not want to wait
  io::save_to(*io::descriptor_sink(ends[1]), value);
  ::close(ends[1]);
  reader.join();
  ::close(ends[0]);
  CHECK(by_pipe == expected);
}

TEST_CASE("A sink that fails says so, and kills nobody", "[io][sink]") {
  std::stringstream stream;
  stream.setstate(std::ios::badbit);
  CHECK_THROWS_WITH(io::save_to(*io::stream_sink(stream), small_checkpoint()),
                    Catch::Matchers::Contains("writing failed"));
  CHECK_THROWS_AS(io::load(io::stream_source(stream)), Error);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  ::close(ends[0]);
  CHECK_THROWS_WITH(io::save_to(*io::descriptor_sink(ends[1]), small_checkpoint()),
                    Catch::Matchers::Contains("Broken pipe"));
  ::close(ends[1]);
  sigset_t pending;
  ::sigpending(&pending);
  CHECK(::sigismember(&pending, SIGPIPE) == 0);
  CHECK_THROWS_AS(io::function_sink(nullptr), ValueError);
}

TEST_CASE("A mapped file holds what a read one holds, at any offset of another file", "[io][source]") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/a.cairn";
  const Value value{{"large", large_checkpoint()}, {"more", rand({5 << 20})}};
  for (const io::Preset preset : {io::Preset::none, io::Preset::fast}) {
    io::save(path, value, {.preset = preset, .synced = false});
    CHECK(same(io::load(path, {.access = io::Access::mapped}), value));
    CHECK(io::verify(io::open_source(path, io::Access::mapped)).empty());
  }
  const Bytes file = io::save_to_memory(value);
  std::ofstream other(folder.path() + "/other", std::ios::binary);
  other << std::string(4999, 'x');
  other.write(reinterpret_cast<const char*>(file.data.data()), static_cast<std::streamsize>(file.data.size()));
  other << "and more";
  other.close();
  const int descriptor = ::open((folder.path() + "/other").c_str(), O_RDONLY);
  for (const io::Access access : {io::Access::read, io::Access::mapped})
    CHECK(same(io::load(io::descriptor_source(descriptor, 4999, file.data.size(), access)), value));
  const io::SourceReference source = io::descriptor_source(descriptor, 4999, file.data.size(), io::Access::mapped);
  const Value opened = io::open(source);
  std::filesystem::resize_file(folder.path() + "/other", 100000);
  CHECK_THROWS_WITH(materialize(opened), Catch::Matchers::Contains("something cut it short"));
  ::close(descriptor);
}

TEST_CASE("Over a network one tensor takes three requests at most, from nothing", "[io][source][http]") {
  StateDict state;
  const int tensors = GENERATE(10, 3000);  // an index that comes with the end of the file, and one that does not
  for (int i = 0; i < tensors; ++i) state.set("layer" + std::to_string(i) + ".weight", rand({40, 50}));
  state.set("large", rand({600, 1000}));
  const HttpServer server(io::save_to_memory(state));
  const auto source = [&] {
    return io::function_source(
        server.size(), [&](std::uint64_t offset, std::span<std::byte> to) { server.get(offset, to); }, "a server");
  };
  const auto requests_for = [&](const std::function<void()>& work) {
    const int before = server.requests();
    work();
    return server.requests() - before;
  };
  CHECK(requests_for(
            [&] { CHECK(same(materialize(io::open(source())["layer7.weight"]), state.at("layer7.weight"))); }) <= 3);
  CHECK(requests_for([&] { CHECK(same(materialize(io::open(source())["large"]), state.at("large"))); }) <= 3);
  const Value opened = io::open(source());
  CHECK(requests_for([&] {
          const Tensor slice = opened["large"].as_tensor().narrow(0, 250, 260);  // 1 MiB, in two chunks
          CHECK(same(materialize(slice), state.at("large").narrow(0, 250, 260)));
        }) <= 2);
  CHECK(requests_for([&] { CHECK(same(io::load(source()), state)); }) <= 6);
}
