// A real process, killed at random moments and resumed until it is done, ends with the file of one that was left alone.
#include <chrono>
#include <filesystem>
#include <iterator>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "catch.h"
#include "program.h"
#include "temporary_folder.h"

namespace {

struct Training {
  std::string model, epochs;
  std::string threads = "1", save_every = "0";

  std::vector<std::string> arguments(const std::string& file) const {
    return {"train",     "--data", "digits",       "--model",  model,    "--epochs", epochs,     "--seed", "5",
            "--threads", threads,  "--save-every", save_every, "--save", file,       "--resume", file};
  }
};

std::size_t count_files(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("killed with SIGKILL and resumed, a run ends with the same file, byte for byte", "[resume]") {
  Training training;
  std::tie(training.model, training.epochs) =
      GENERATE(table<std::string, std::string>({{"mlp", "3"}, {"cnn", "1"}, {"resnet18", "1"}}));
  TemporaryFolder folder;
  const std::string unbroken = folder.file("unbroken.cairn"), file = folder.file("broken.cairn");
  const auto start = std::chrono::steady_clock::now();
  REQUIRE(run_program(training.arguments(unbroken)).code == 0);
  const double whole = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  std::mt19937 random(17);
  std::uniform_real_distribution<double> moment(0, whole);
  const std::vector<std::string> threads = {"1", "2"}, save_every = {"3", "0", "7"};
  int killed = 0;
  for (std::size_t run = 0; killed < 20; ++run) {
    REQUIRE(run < 60);  // the kills do come before the end
    training.threads = threads[run % 2];
    training.save_every = save_every[run % 3];
    for (int kills = 0; kills < 3; ++kills)
      if (run_and_kill(moment(random), training.arguments(file)).code == -9) ++killed;
    CAPTURE(training.model, training.threads, training.save_every, run);
    REQUIRE(run_program(training.arguments(file)).code == 0);
    CHECK((read_file(file) == read_file(unbroken)));
    CHECK(count_files(folder.path()) == 2);  // what a kill left in the middle of a save is gone, too
    std::filesystem::remove(file);
  }
}
