// A real process, killed at random moments and resumed until it is done, ends with the file of one that was left alone.
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "catch.h"
#include "program.h"
#include "temporary_folder.h"

namespace {

std::vector<std::string> training(const std::string& file, const std::string& threads, const std::string& save_every,
                                  bool resume) {
  std::vector<std::string> arguments = {"train",     "--data", "digits",       "--epochs", "3",      "--seed", "5",
                                        "--threads", threads,  "--save-every", save_every, "--save", file};
  if (resume) arguments.insert(arguments.end(), {"--resume", file});
  return arguments;
}

}  // namespace

TEST_CASE("killed with SIGKILL and resumed, a run ends with the same file, byte for byte", "[resume]") {
  TemporaryFolder folder;
  const std::string unbroken = folder.file("unbroken.cairn");
  const auto start = std::chrono::steady_clock::now();
  REQUIRE(run_program(training(unbroken, "1", "0", false)).code == 0);
  const double whole = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  std::mt19937 random(17);
  std::uniform_real_distribution<double> moment(0, whole);
  int killed = 0;
  for (const std::string threads : {"1", "2"}) {
    for (const std::string save_every : {"0", "7"}) {
      for (int run = 0; run < 5; ++run) {
        const std::string file =
            folder.file("broken-" + threads + "-" + save_every + "-" + std::to_string(run) + ".cairn");
        for (int kills = 0; kills < 3; ++kills) {
          if (run_and_kill(moment(random), training(file, threads, save_every, true)).code == -9) ++killed;
        }
        CAPTURE(threads, save_every, run);
        REQUIRE(run_program(training(file, threads, save_every, true)).code == 0);
        CHECK((read_file(file) == read_file(unbroken)));
      }
    }
  }
  CHECK(killed >= 20);  // of 60: the kills did come before the end
}
