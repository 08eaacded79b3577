// A process killed while it saves: at every operation in turn, and at random moments.
#include "catch.h"

#include <chrono>
#include <csignal>
#include <limits>
#include <random>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include "faulty_file_system.h"
#include "temporary_folder.h"
#include "values.h"

#include <cairn/io.h>

using namespace cairn;

namespace {

Value numbered_checkpoint(std::int64_t number) {
  Value value = small_checkpoint();
  value["epoch"] = number;
  value["large"] = full({300000}, static_cast<double>(number % 1000));
  return value;
}

bool is_whole(const std::string& path, std::int64_t& number) {
  if (!io::verify(path).empty()) return false;
  const Value value = io::load(path);
  number = value["epoch"].as_int();
  return same(value, numbered_checkpoint(number));
}

std::size_t count_files(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("Killed at any operation of a save, the file is the old or the new one", "[io][kill]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("run.cairn");
  std::vector<std::int64_t> found;
  for (int n = 0;; ++n) {
    INFO("operation " << n);
    io::save(path, numbered_checkpoint(1));
    REQUIRE(count_files(folder.path()) == 1);  // what the last one killed left behind is gone
    const pid_t child = ::fork();
    if (child == 0) {
      WatchedFileSystem files(io::posix_file_system(), [&](int number, const std::string&) {
        if (number == n) ::kill(::getpid(), SIGKILL);
      });
      io::save(path, numbered_checkpoint(2), {.preset = io::Preset::none, .file_system = &files});
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    std::int64_t number = 0;
    REQUIRE(is_whole(path, number));
    found.push_back(number);
    if (WIFEXITED(status)) break;
  }
  // Old up to the rename; new when killed between it and the folder's sync, and when not killed at all.
  REQUIRE(found.size() > 8);
  std::vector<std::int64_t> expected(found.size() - 2, 1);
  expected.insert(expected.end(), 2, 2);
  CHECK(found == expected);
}

TEST_CASE("Killed at random moments, the file is whole, and the next save clears up", "[io][kill]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("run.cairn");
  io::save(path, numbered_checkpoint(0));
  const auto saving_from = [&](std::int64_t number, std::int64_t end) {
    const pid_t child = ::fork();
    for (; child == 0 && number < end; ++number) io::save(path, numbered_checkpoint(number), {.synced = false});
    if (child == 0) ::_exit(0);
    return child;
  };
  // A sanitizer may make a process ten times slower: how long a few saves take is measured.
  const auto before = std::chrono::steady_clock::now();
  int status = 0;
  ::waitpid(saving_from(1, 4), &status, 0);
  const auto longest = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - before);
  std::mt19937 random(3);
  std::int64_t last = 3;
  int progressed = 0;
  for (int round = 0; round < 200; ++round) {
    const pid_t child = saving_from(last + 1, std::numeric_limits<std::int64_t>::max());
    std::this_thread::sleep_for(std::chrono::microseconds(random() % static_cast<std::uint64_t>(longest.count())));
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
    std::int64_t number = 0;
    REQUIRE(is_whole(path, number));
    REQUIRE(number >= last);
    progressed += number > last;
    last = number;
  }
  CHECK(progressed > 20);
  io::save(path, numbered_checkpoint(last + 1));
  CHECK(count_files(folder.path()) == 1);
}
