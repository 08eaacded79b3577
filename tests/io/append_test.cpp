// Generations: appended, listed, loaded, edited, repacked; and what is left of an append that stops anywhere.
#include "catch.h"

#include <atomic>
#include <fstream>
#include <thread>

#include "faulty_file_system.h"
#include "temporary_folder.h"
#include "values.h"

#include <cairn/io.h>
#include <cairn/io/format.h>

using namespace cairn;

namespace {

struct State {
  Tensor large = rand({5 << 17}), other = rand({300, 7}), count = scalar_tensor(0.0);
  Value value() const {
    return {{"model", Value{{"large", large}, {"other", other}, {"view", large.narrow(0, 100, 50)}}}, {"count", count}};
  }
};

std::uint64_t size_of_file(const std::string& path) { return io::open_source(path)->size(); }

Bytes bytes_of_file(const std::string& path) {
  const io::SourceReference source = io::open_source(path);
  Bytes bytes{std::vector<std::byte>(source->size())};
  source->read(0, bytes.data);
  return bytes;
}

}  // namespace

TEST_CASE("An append adds what has changed, and every state can be loaded", "[io][append]") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/run.cairn";
  const io::Preset preset = GENERATE(io::Preset::none, io::Preset::fast, io::Preset::small);
  State state;
  std::vector<Value> states;
  std::vector<std::uint64_t> sizes;
  const auto append = [&] {
    io::append(path, state.value(), {.preset = preset, .synced = false});
    states.push_back(io::load(path));
    CHECK(same(states.back(), state.value()));
    sizes.push_back(size_of_file(path));
  };
  append();  // creates the file
  append();  // nothing has changed
  CHECK(sizes[1] - sizes[0] < 4 * 250 + 400);
  state.count.fill_(7);
  append();
  CHECK(sizes[2] - sizes[1] < 4 * 250 + 400);
  state.large.narrow(0, 300000, 1).fill_(2);  // one element of the second chunk of three
  append();
  CHECK(sizes[3] - sizes[2] < (1 << 20) + 4 * 250 + 400 + 65536);
  state.large.narrow(0, 300000, 1).fill_(3);
  state.other.fill_(1);
  append();

  const std::vector<io::Generation> generations = io::generations(path);
  REQUIRE(generations.size() == states.size());
  for (std::uint32_t i = 0; i < generations.size(); ++i) {
    CHECK(generations[i].generation == i + 1);
    CHECK(generations[i].begin + generations[i].added == sizes[i]);
    CHECK(same(io::load(path, {.generation = i + 1}), states[i]));
  }
  CHECK(generations[0].root_digest == generations[1].root_digest);
  CHECK(generations[1].root_digest != generations[2].root_digest);
  CHECK(io::verify(path).empty());
  CHECK_THROWS_WITH(io::load(path, {.generation = 9}),
                    Catch::Matchers::Contains("generation 9 was asked for, but the newest is 5"));

  io::repack(path, folder.path() + "/packed.cairn");
  CHECK(bytes_of_file(folder.path() + "/packed.cairn") == io::save_to_memory(state.value(), {.preset = preset}));
  io::repack(path);
  CHECK(bytes_of_file(path) == bytes_of_file(folder.path() + "/packed.cairn"));
}

TEST_CASE("Tensors that only changed their names or places cost no data", "[io][append]") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/run.cairn";
  const Tensor a = rand({1 << 18}), b = rand({1 << 18});
  io::save(path, {{"a", a}, {"b", b}}, {.preset = io::Preset::none});
  const std::uint64_t before = size_of_file(path);
  const Value now{{"first", rand({3})}, {"other", Value{{"b", b}}}, {"a", a}};
  io::append(path, now);
  CHECK(size_of_file(path) - before < 1500);
  CHECK(same(io::load(path), now));
  CHECK(io::verify(path).empty());
}

TEST_CASE("Attributes are edited without a tensor written again", "[io][append][attributes]") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/run.cairn";
  const Value value{{"w", rand({100000})}, {"b", rand({3})}};
  const io::Attributes first{.file = {{"licence", "MIT"}, {"tags", List{"a", 1, 2.5}}},
                             .tensors = {{"b", {{"unit", "V"}}}}};
  io::save(path, value, {.attributes = first});
  const auto facts = [&] { return io::inspect(path); };
  CHECK(same(io::attributes(path).file, first.file));
  CHECK(same(facts().tensors[1].attributes, first.tensors.at("b")));
  CHECK(facts().tensors[0].attributes.empty());

  const std::uint64_t before = size_of_file(path);
  io::edit(path, {.file = {{"licence", "none"}}});
  CHECK(size_of_file(path) - before < 600);
  CHECK(facts().generation == 2);
  CHECK(same(facts().attributes, Dict{{"licence", "none"}}));
  CHECK(facts().tensors[1].attributes.empty());
  CHECK(same(io::load(path), value));
  io::edit(path, {});
  CHECK(io::attributes(path).empty());
  CHECK(io::verify(path).empty());
  CHECK_THROWS_WITH(io::edit(path, {.tensors = {{"c", {{"unit", "V"}}}}}),
                    Catch::Matchers::Contains("no tensor of that name"));
  CHECK_THROWS_WITH(io::save(path, value, {.attributes = {.file = {{"t", rand({1})}}}}),
                    Catch::Matchers::Contains("attributes cannot hold tensors"));
  CHECK(facts().generation == 3);
}

TEST_CASE("A file cut anywhere within an append holds the state before", "[io][append]") {
  const Value first = small_checkpoint(), second{{"x", rand({50})}, {"kept", small_checkpoint()}};
  ForgetfulFileSystem files;
  io::append("/disk/run", first, {.file_system = &files});
  const std::size_t before = files.names.at("/disk/run")->seen.size();
  io::append("/disk/run", second, {.file_system = &files});
  const Bytes whole{files.names.at("/disk/run")->seen};
  REQUIRE(same(io::load_memory(whole.data), second));
  for (std::size_t size = before; size < whole.data.size(); ++size) {
    CAPTURE(size);
    files.put("/disk/cut", {whole.data.begin(), whole.data.begin() + static_cast<std::ptrdiff_t>(size)});
    REQUIRE(same(io::load_memory(std::span(whole.data).first(size)), first));
    if (size % 16 != 0) continue;
    io::append("/disk/cut", second, {.file_system = &files});  // what was torn is cut off
    REQUIRE(files.names.at("/disk/cut")->seen == whole.data);
  }
}

TEST_CASE("A bit that flipped in the last commit record or index is never taken for a torn append", "[io][append]") {
  ForgetfulFileSystem files;
  io::append("/disk/run", small_checkpoint(), {.file_system = &files});
  io::append("/disk/run", 2, {.file_system = &files});
  Bytes file{files.names.at("/disk/run")->seen};
  const std::uint64_t begin = io::generations(io::memory_source(file))[1].begin;
  for (std::size_t bit = begin * 8; bit < file.data.size() * 8; ++bit) {
    const auto flip = static_cast<std::byte>(1 << bit % 8);
    file.data[bit / 8] ^= flip;
    INFO(bit);
    bool loaded = true;
    try {
      const Value value = io::load_memory(file.data);
      CHECK(same(value, 2));  // padding
    } catch (const FormatError&) {
      loaded = false;
    }
    CHECK_FALSE(io::verify(io::memory_source(file)).empty());
    if (!loaded) CHECK(same(io::salvage(io::memory_source(file)).value, small_checkpoint()));
    file.data[bit / 8] ^= flip;
  }
}

TEST_CASE("An append that fails at any step leaves the state before, and the next one works", "[io][append]") {
  const Value first = small_checkpoint(), second = {{"x", rand({50})}};
  for (int failing = 0;; ++failing) {
    ForgetfulFileSystem disk;
    io::append("/disk/run", first, {.file_system = &disk});
    WatchedFileSystem files(disk, [&](int number, const std::string& operation) {
      if (number == failing) throw IoError("no more: " + operation);
    });
    CAPTURE(failing);
    try {
      io::append("/disk/run", second, {.file_system = &files});
      REQUIRE(failing > 4);
      break;
    } catch (const IoError&) {
    }
    const Value left = io::load_memory(disk.names.at("/disk/run")->seen);
    CHECK((same(left, first) || same(left, second)));
    io::append("/disk/run", second, {.file_system = &disk});
    CHECK(same(io::load_memory(disk.names.at("/disk/run")->seen), second));
    CHECK(io::verify(io::memory_source(Bytes{disk.names.at("/disk/run")->seen})).empty());
  }
}

TEST_CASE("After a loss of power an append is there whole or not at all", "[io][append]") {
  const Value first = small_checkpoint(), second = {{"x", rand({5000})}};
  for (int stop = 0; stop < 40; ++stop) {
    ForgetfulFileSystem disk;
    io::append("/disk/run", first, {.file_system = &disk});
    bool done = false;
    WatchedFileSystem files(disk, [&](int number, const std::string&) {
      if (number == stop) throw Cancelled("the power is gone");
    });
    try {
      io::append("/disk/run", second, {.file_system = &files});
      done = true;
    } catch (const Cancelled&) {
    }
    for (const double part : {0.0, 0.3, 0.5, 0.99, 1.0}) {
      const Value left = io::load_memory(disk.after_power_loss(~0u, part).at("/disk/run"));
      CAPTURE(stop, part, done);
      CHECK((same(left, second) || (!done && same(left, first))));
    }
    if (done) return;
  }
  FAIL("it took more steps than that");
}

TEST_CASE("Appending to what is no container is refused", "[io][append]") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/text";
  std::ofstream(path)
      << "something else, long enough to be looked at, and then some more of it to fill a header or two, or "
         "even three of them if they are small";
  CHECK_THROWS_WITH(io::append(path, 1), Catch::Matchers::Contains("this is no Cairn file"));
  CHECK_THROWS_WITH(io::append(folder.path(), 1), Catch::Matchers::Contains(folder.path()));
  CHECK_THROWS_WITH(io::edit(folder.path() + "/nothing", {}), Catch::Matchers::Contains("there is no such file"));
}

TEST_CASE("Processes that append at once take turns", "[io][append]") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/run.cairn";
  io::save(path, 0);
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5; ++i)
        io::append(path, {{"thread", t}, {"i", i}, {"x", full({1000}, t * 10 + i)}}, {.synced = false});
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(io::generations(path).size() == 16);
  CHECK(io::verify(path).empty());
}

TEST_CASE("Nothing that is appended while a file is repacked is lost", "[io][append]") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/run.cairn";
  io::save(path, 0);
  std::atomic<bool> done = false;
  std::thread other([&] {
    while (!done) io::repack(path, {.synced = false});
  });
  for (int i = 1; i <= 200; ++i) {
    io::append(path, i, {.synced = false});
    CHECK(io::load(path).as_int() == i);
  }
  done = true;
  other.join();
  CHECK(io::verify(path).empty());
}

TEST_CASE("A damaged chunk of an old state is told with that state, and does not harm the newest", "[io][append]") {
  ForgetfulFileSystem files;
  io::append("/disk/run", {{"old", rand({1000})}, {"both", rand({1000})}},
             {.preset = io::Preset::none, .file_system = &files});
  const Value both = io::load_memory(files.names.at("/disk/run")->seen)["both"];
  io::append("/disk/run", {{"both", both}}, {.file_system = &files});
  Bytes file{files.names.at("/disk/run")->seen};
  file.data[200] ^= std::byte{1};
  CHECK(same(io::load_memory(file.data), Value{{"both", both}}));
  const std::vector<io::Damage> damages = io::verify(io::memory_source(file));
  REQUIRE(damages.size() == 1);
  CHECK(damages[0].tensor == "old");
  CHECK_THROWS_AS(io::load(io::memory_source(file), {.generation = 1}), FormatError);
}
