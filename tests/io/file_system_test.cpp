// Saving to files: whatever fails, the target is the old file or the new one, and nothing is left beside it.
#include "catch.h"

#include <atomic>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "faulty_file_system.h"
#include "temporary_folder.h"
#include "values.h"

#include <cairn/io.h>

using namespace cairn;

namespace {

std::size_t count_files(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

mode_t mode_of(const std::string& path) {
  struct stat found {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 07777;
}

/// Runs `f` in a child process; true when it returned true.
template <class F>
bool in_child(F&& f) {
  const pid_t child = ::fork();
  if (child == 0) {
    bool right = false;
    try {
      right = f();
    } catch (...) {
    }
    ::_exit(right ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Saves what does not fit; true when that is an IoError that names the path and `reason`, and the old file is whole
/// and alone.
bool fails_cleanly(const std::string& folder, const std::string& path, const Value& value, const std::string& reason) {
  const std::string before = read_file(path);
  try {
    io::save(path, value, {.preset = io::Preset::none});
    return false;
  } catch (const IoError& error) {
    const std::string message = error.what();
    return message.find(reason) != message.npos && message.find(folder) != message.npos && read_file(path) == before &&
           count_files(folder) == 1;
  }
}

}  // namespace

TEST_CASE("A save replaces the file, and nothing stays beside it", "[io][files]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("run.cairn");
  io::save(path, small_checkpoint());
  io::save(path, 5);
  CHECK(io::load(path).as_int() == 5);
  CHECK(count_files(folder.path()) == 1);
  io::save(path, 6, {.synced = false});
  CHECK(io::load(path).as_int() == 6);
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder.path());
  io::save("relative.cairn", 7);
  CHECK(io::load("relative.cairn").as_int() == 7);
  std::filesystem::current_path(before);
  CHECK(count_files(folder.path()) == 2);
}

TEST_CASE("Whichever operation fails, the old file is whole until the new one is", "[io][files]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("run.cairn");
  const Value old_value = small_checkpoint();
  io::save(path, old_value);
  for (int n = 0;; ++n) {
    INFO("operation " << n);
    std::string failed;
    WatchedFileSystem files(io::posix_file_system(), [&](int number, const std::string& operation) {
      if (number != n) return;
      failed = operation;
      throw IoError("the disk is on fire");
    });
    bool thrown = false;
    try {
      io::save(path, large_checkpoint(), {.file_system = &files});
    } catch (const IoError& error) {
      CHECK(error.message() == "the disk is on fire");
      thrown = true;
    }
    INFO(failed);
    if (failed.empty()) {  // there was no n-th operation: all went well
      CHECK_FALSE(thrown);
      REQUIRE(n > 8);
      break;
    }
    // Leftovers that cannot be looked for are no reason not to save.
    const bool harmless = failed == "remove_if_abandoned";
    CHECK(thrown == !harmless);
    const bool is_new = harmless || failed == "sync_folder";
    CHECK(same(io::load(path), is_new ? large_checkpoint() : old_value));
    CHECK(count_files(folder.path()) == 1);
    io::save(path, old_value);
  }
  CHECK(same(io::load(path), large_checkpoint()));
}

TEST_CASE("A loss of power leaves the old file or the new one, and the new one once save has returned", "[io][files]") {
  const std::string path = "/disk/run.cairn";
  const Bytes old_bytes = io::save_to_memory(small_checkpoint()), new_bytes = io::save_to_memory(large_checkpoint());
  int states = 0;
  const auto check = [&](const ForgetfulFileSystem& disk, bool must_be_new) {
    for (unsigned survivors = 0; survivors < 1u << disk.pending.size(); ++survivors) {
      for (const double data : {0.0, 0.5, 1.0}) {
        const auto files = disk.after_power_loss(survivors, data);
        REQUIRE(files.contains(path));
        const auto& bytes = files.at(path);
        const bool is_new = bytes == new_bytes.data;
        CHECK((is_new || (!must_be_new && bytes == old_bytes.data)));
        ++states;
      }
    }
  };
  for (int n = 0;; ++n) {
    ForgetfulFileSystem disk;
    disk.put(path, old_bytes.data);
    struct PowerLoss {};
    WatchedFileSystem files(disk, [&](int number, const std::string&) {
      if (number == n) {
        check(disk, false);
        throw PowerLoss();
      }
    });
    try {
      io::save(path, large_checkpoint(), {.file_system = &files});
      check(disk, true);
      break;
    } catch (const PowerLoss&) {
    }
  }
  CHECK(states > 60);
  // The check above can fail: without the syncs it would.
  ForgetfulFileSystem disk;
  disk.put(path, old_bytes.data);
  io::save(path, large_checkpoint(), {.synced = false, .file_system = &disk});
  CHECK(disk.after_power_loss(1u << 1, 0.5).at(path).size() < new_bytes.data.size());
}

TEST_CASE("The disk is kept at work while a large file is written that shall be synced", "[io][files]") {
  const TemporaryFolder folder;
  const Value value = numbered({5 << 20});  // 20 MiB
  for (const bool synced : {true, false}) {
    int begun = 0, ended = 0;
    WatchedFileSystem files(io::posix_file_system(), [&](int, const std::string& operation) {
      begun += operation == "begin_sync";
      ended += operation == "sync";
    });
    io::save(folder.file("run.cairn"), value, {.preset = io::Preset::none, .synced = synced, .file_system = &files});
    CHECK(begun == (synced ? 2 : 0));
    CHECK(ended == (synced ? 1 : 0));
  }
}

TEST_CASE("What a killed save left behind is removed by the next one, and nothing else is", "[io][files]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("run.cairn");
  const auto temporary = [&](int number) { return folder.file(".run.cairn.cairn-tmp-" + std::to_string(number)); };
  for (const std::string& name : {temporary(0), temporary(1), temporary(2), folder.file(".other.cairn-tmp-0"),
                                  folder.file(".run.cairn.cairn-tmp-"), folder.file("run.cairn.cairn-tmp-0")})
    write_file(name, "half a file");
  const int descriptor = ::open(temporary(1).c_str(), O_RDONLY | O_CLOEXEC);  // another save is writing this one
  REQUIRE(::flock(descriptor, LOCK_EX) == 0);
  io::save(path, 1);
  CHECK_FALSE(std::filesystem::exists(temporary(0)));
  CHECK(std::filesystem::exists(temporary(1)));
  CHECK_FALSE(std::filesystem::exists(temporary(2)));
  CHECK(count_files(folder.path()) == 5);
  ::close(descriptor);
  io::save(path, 2);
  CHECK_FALSE(std::filesystem::exists(temporary(1)));
  CHECK(count_files(folder.path()) == 4);

  // A planted link of that form leads nowhere harmful.
  write_file(folder.file("precious"), "precious");
  REQUIRE(::symlink(folder.file("precious").c_str(), temporary(0).c_str()) == 0);
  io::save(path, 3);
  CHECK(read_file(folder.file("precious")) == "precious");
  CHECK(io::load(path).as_int() == 3);
}

TEST_CASE("Where every name for a temporary file is taken, a save says which", "[io][files]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("run.cairn");
  io::save(path, 1);
  for (int number = 0; number < 100; ++number)
    std::filesystem::create_directory(folder.file(".run.cairn.cairn-tmp-" + std::to_string(number)));
  CHECK_THROWS_WITH(io::save(path, 2), Catch::Matchers::Contains(".run.cairn.cairn-tmp-99: this name"));
  CHECK(io::load(path).as_int() == 1);
}

TEST_CASE("A name as long as names may be can be saved to", "[io][files]") {
  const TemporaryFolder folder;
  const std::string path = folder.file(std::string(255, 'n'));
  io::save(path, 1);
  io::save(path, 2);
  CHECK(io::load(path).as_int() == 2);
  CHECK(count_files(folder.path()) == 1);
  CHECK_THROWS_AS(io::save(folder.file(std::string(256, 'n')), 1), IoError);
  CHECK(count_files(folder.path()) == 1);
}

TEST_CASE("Mode bits are kept; a new file gets what the umask leaves", "[io][files]") {
  const TemporaryFolder folder;
  const mode_t before = ::umask(027);
  io::save(folder.file("new"), 1);
  ::umask(before);
  CHECK(mode_of(folder.file("new")) == 0640);
  for (const mode_t mode : {0600u, 0644u, 0755u, 0444u}) {
    REQUIRE(::chmod(folder.file("new").c_str(), mode) == 0);
    io::save(folder.file("new"), 2);
    CHECK(mode_of(folder.file("new")) == mode);
  }
  // While it is being written nobody else may look into it.
  WatchedFileSystem files(io::posix_file_system(), [&](int, const std::string& operation) {
    if (operation != "write") return;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      if (entry.path().filename().string().starts_with(".")) CHECK(mode_of(entry.path()) == 0600);
    }
  });
  io::save(folder.file("new"), 3, {.file_system = &files});
}

TEST_CASE("Of a symbolic link the file it leads to is replaced", "[io][files]") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.file("real"));
  io::save(folder.file("real/run.cairn"), 1);
  std::filesystem::create_symlink("real/run.cairn", folder.file("latest"));
  std::filesystem::create_symlink("latest", folder.file("alias"));
  io::save(folder.file("alias"), 2);
  CHECK(std::filesystem::is_symlink(folder.file("alias")));
  CHECK(std::filesystem::is_symlink(folder.file("latest")));
  CHECK(io::load(folder.file("real/run.cairn")).as_int() == 2);

  std::filesystem::create_symlink("real/not yet", folder.file("dangling"));
  io::save(folder.file("dangling"), 3);
  CHECK(io::load(folder.file("real/not yet")).as_int() == 3);
  std::filesystem::create_symlink("loop", folder.file("loop"));
  CHECK_THROWS_AS(io::save(folder.file("loop"), 1), IoError);
}

TEST_CASE("Targets that are no files are refused with the reason", "[io][files]") {
  const TemporaryFolder folder;
  REQUIRE(::mkfifo(folder.file("pipe").c_str(), 0600) == 0);
  using Catch::Matchers::Contains;
  CHECK_THROWS_WITH(io::save(folder.path(), 1), Contains("is a directory"));
  CHECK_THROWS_WITH(io::save(folder.path() + "/", 1), Contains("is a directory"));
  CHECK_THROWS_WITH(io::save(folder.file("pipe"), 1), Contains("is a FIFO"));
  CHECK_THROWS_WITH(io::save("/dev/full", 1), Contains("is a device") && Contains("/dev/full"));
  CHECK_THROWS_WITH(io::save("", 1), Contains("is empty"));
  CHECK_THROWS_WITH(io::save(folder.file("absent/x"), 1),
                    "Parent directory " + folder.file("absent") + " does not exist.");
  write_file(folder.file("file"), "");
  CHECK_THROWS_AS(io::save(folder.file("file/x"), 1), IoError);
  CHECK_THROWS_WITH(io::load(folder.path()), Contains("is a directory"));
  CHECK_THROWS_WITH(io::load(folder.file("pipe")), Contains("no regular file"));
  CHECK_THROWS_WITH(io::load(folder.file("absent")), Contains("No such file or directory"));
}

TEST_CASE("/dev/full through a function of the caller's is the caller's error", "[io][files]") {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  REQUIRE(full >= 0);
  CHECK_THROWS_WITH(io::save_to(
                        [&](std::span<const std::byte> bytes) {
                          if (::write(full, bytes.data(), bytes.size()) < 0) throw IoError("no space");
                        },
                        1),
                    "no space");
  ::close(full);
}

TEST_CASE("A file larger than RLIMIT_FSIZE is an error, not the end of the process", "[io][files]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("run.cairn");
  io::save(path, 1);
  const Value large = zeros({1 << 20});
  CHECK(in_child([&] {
    const rlimit limit{.rlim_cur = 1 << 20, .rlim_max = 1 << 20};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return false;
    struct sigaction before {};
    ::sigaction(SIGXFSZ, nullptr, &before);
    if (before.sa_handler != SIG_DFL || !fails_cleanly(folder.path(), path, large, "File too large")) return false;
    // Nothing is pending, nothing is blocked, and the handler is what it was.
    sigset_t set;
    ::sigpending(&set);
    if (sigismember(&set, SIGXFSZ)) return false;
    ::pthread_sigmask(SIG_BLOCK, nullptr, &set);
    struct sigaction after {};
    ::sigaction(SIGXFSZ, nullptr, &after);
    return !sigismember(&set, SIGXFSZ) && after.sa_handler == SIG_DFL && io::load(path).as_int() == 1;
  }));
}

TEST_CASE("A folder that may not be written to is an error, and the file in it stays", "[io][files]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("run.cairn");
  io::save(path, 1);
  REQUIRE(::chmod(folder.path().c_str(), 0555) == 0);
  CHECK(in_child([&] {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) return false;  // root may write anywhere
    return fails_cleanly(folder.path(), path, 2, "Permission denied") && io::load(path).as_int() == 1;
  }));
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
}

TEST_CASE("A folder that may be written to but not read can be saved into", "[io][files]") {
  const TemporaryFolder folder;
  REQUIRE(::chmod(folder.path().c_str(), 0333) == 0);
  CHECK(in_child([&] {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) return false;
    io::save(folder.file("run.cairn"), 1);
    return io::load(folder.file("run.cairn")).as_int() == 1;
  }));
  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
}

TEST_CASE("A full disk is an error, and the file on it stays", "[io][files]") {
  const TemporaryFolder folder;
  // A file system of 256 KiB of its own, in a namespace of the child's: no privileges are needed.
  int status = 0;
  const pid_t child = ::fork();
  if (child == 0) {
    const uid_t user = ::geteuid();
    const gid_t group = ::getegid();
    const auto put = [](const char* path, const std::string& text) {
      const int file = ::open(path, O_WRONLY | O_CLOEXEC);
      const bool written = file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
      ::close(file);
      return written;
    };
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) ::_exit(77);
    put("/proc/self/setgroups", "deny");
    if (!put("/proc/self/uid_map", "0 " + std::to_string(user) + " 1") ||
        !put("/proc/self/gid_map", "0 " + std::to_string(group) + " 1") ||
        ::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=256k") != 0)
      ::_exit(77);
    bool right = false;
    try {
      const std::string path = folder.file("run.cairn");
      io::save(path, zeros({1 << 14}), {.preset = io::Preset::none});
      right = fails_cleanly(folder.path(), path, zeros({1 << 16}), "No space left on device") &&
              fails_cleanly(folder.path(), path, zeros({1 << 16}), "bytes are free") && io::verify(path).empty();
      io::save(path, zeros({1 << 14}), {.preset = io::Preset::none});  // what fits still fits
    } catch (...) {
      right = false;
    }
    ::_exit(right ? 0 : 1);
  }
  ::waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77)
    WARN("no file system can be mounted here: a full disk was not tried");
  else
    CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("Several saves to one path at once: each is whole, one is last, and none removes the other's file",
          "[io][files]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("run.cairn");
  std::atomic<int> failures{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 50; ++i) {
        try {
          const Value value{{"thread", thread}, {"numbers", numbered({1000}, DType::float32, thread)}};
          if (i % 5 == 2) {
            try {
              io::save(path, value, {.synced = false, .progress = [](std::uint64_t, std::uint64_t) { return false; }});
              ++failures;
            } catch (const Cancelled&) {
            }
          }
          io::save(path, value, {.synced = false});
          const Value read = io::load(path);
          const int writer = static_cast<int>(read["thread"].as_int());
          if (!same(read["numbers"].as_tensor(), numbered({1000}, DType::float32, writer))) ++failures;
        } catch (const Error&) {
          ++failures;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  CHECK(count_files(folder.path()) == 1);
}

TEST_CASE("A reader that has a file open keeps it when a save replaces it", "[io][files]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("run.cairn");
  io::save(path, numbered({3}));
  const Value deferred = io::open(path);
  io::save(path, numbered({3}, DType::float32, 9));
  CHECK(same(materialize(deferred), Value(numbered({3}))));
  // Saving what was opened from the same file is safe, too.
  const Value again = io::open(path);
  io::save(path, again);
  CHECK(same(io::load(path), Value(numbered({3}, DType::float32, 9))));
}
