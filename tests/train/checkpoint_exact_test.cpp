// A run that is interrupted goes on as if it had not been: for each kind of model, with everything that a run may
// remember.
#include <cairn/train/checkpoint.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <cairn/core/parallel.h>
#include <cairn/io/load.h>

#include "catch.h"
#include "temporary_folder.h"
#include "whole_run.h"

using namespace cairn;

namespace {

/// So many steps within an epoch, in order.
std::vector<std::int64_t> interruptions(std::size_t count, unsigned seed) {
  std::vector<std::int64_t> within;
  for (std::int64_t step = 1; step < WholeRun::steps; ++step)
    if (step % WholeRun::batches != 0) within.push_back(step);
  std::shuffle(within.begin(), within.end(), std::mt19937(seed));
  within.resize(count);
  std::ranges::sort(within);
  return within;
}

}  // namespace

TEST_CASE("interrupted at 20 steps in the middle of epochs, a run ends bit for bit as one that was not") {
  const WholeRunOptions options = {.model = GENERATE("mlp", "cnn", "resnet18"),
                                   .scheduler = GENERATE("one cycle", "cosine"),
                                   .prefetch = GENERATE(0, 2)};
  CAPTURE(options.model, options.scheduler, options.prefetch);
  WholeRun unbroken(1, options);
  unbroken.run_to(WholeRun::steps);

  auto run = std::make_unique<WholeRun>(1, options);
  std::uint64_t part = 0;
  for (const std::int64_t stop : interruptions(20, 7)) {
    ThreadPool pool(1 + static_cast<int>(part % 2));
    const UseExecutor use(pool);
    run->run_to(stop);
    const std::string saved = run->bytes();
    run = std::make_unique<WholeRun>(100 + ++part, options);
    run->run_to(static_cast<std::int64_t>(part % 4));  // in the middle of what is thrown away, a batch is being made
    run->resume(io::open_memory(std::as_bytes(std::span(saved))));
    REQUIRE((run->bytes() == saved));
  }
  run->run_to(WholeRun::steps);
  CHECK((run->bytes() == unbroken.bytes()));
}

TEST_CASE("killed 20 times with SIGKILL and resumed from its file, a run ends with the file of one that was not") {
  const WholeRunOptions options = {.model = GENERATE("mlp", "cnn", "resnet18")};
  CAPTURE(options.model);
  const TemporaryFolder folder;
  const std::string file = folder.file("run.cairn"), unbroken = folder.file("unbroken.cairn");
  const auto process = [&](const std::string& path) noexcept {
    const pid_t child = ::fork();
    if (child != 0) return child;
    {
      const bool begun = std::filesystem::exists(path);
      WholeRun run(begun ? 99 : 1, options);
      if (begun) run.resume(io::open(path));
      while (run.done < WholeRun::steps) {
        run.step();
        if (run.done % 3 == 0 || run.done == WholeRun::steps)
          io::save(path, run.checkpoint.state(), {.synced = false});  // a process dies, not the machine
      }
    }
    ::_exit(0);
  };
  const auto ended = [](pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  };
  const auto start = std::chrono::steady_clock::now();
  REQUIRE(ended(process(unbroken)));
  std::uniform_real_distribution<double> moment(
      0, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  std::mt19937 random(7);
  int killed = 0;
  for (int round = 0; killed < 20; ++round) {
    REQUIRE(round < 60);
    for (int kills = 0; kills < 4; ++kills) {
      const pid_t child = process(file);
      std::this_thread::sleep_for(std::chrono::duration<double>(moment(random)));
      ::kill(child, SIGKILL);
      if (!ended(child)) ++killed;
    }
    REQUIRE(ended(process(file)));
    CHECK((read_file(file) == read_file(unbroken)));
    std::filesystem::remove(file);
  }
}
