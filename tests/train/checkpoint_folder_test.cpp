// The folder of checkpoints that a run keeps: which files are there after which step, and which are loaded.
#include <cairn/train/checkpoint.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include <cairn/core/ops.h>
#include <cairn/nn/linear.h>

#include "catch.h"
#include "devices.h"
#include "temporary_folder.h"

using namespace cairn;
using Catch::Matchers::Contains;
using train::Best;
using Names = std::vector<std::string>;

namespace {

/// A model whose only weight says which step it is of.
struct Run {
  nn::Linear model{1, 1, nn::LinearOptions{.bias = false}};
  train::Checkpoint checkpoint;

  explicit Run(train::CheckpointOptions options) : checkpoint(std::move(options)) { checkpoint.add("model", model); }

  Names step(double weight, double accuracy = 0) {
    const NoGrad no_grad;
    model.weight.fill_(weight);
    Names written = checkpoint.step({{"accuracy", accuracy}});
    for (std::string& path : written) path = std::filesystem::path(path).filename().string();
    return written;
  }
  double weight() const { return model.weight.item(); }
};

Names files(const std::string& folder) {
  Names names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

void flip_a_bit_in_the_middle(const std::string& path) {
  std::string bytes = read_file(path);
  bytes[bytes.size() / 2] ^= 16;
  write_file(path, bytes);
}

}  // namespace

TEST_CASE("every n-th step is kept, the last few of them, and the best") {
  const TemporaryFolder folder;
  const std::string path = folder.file("run/deeper");
  Run run({.folder = path, .every = 2, .keep_last = 2, .best = {"accuracy", Best::max}});
  CHECK(run.step(1, 0.5) == Names{"best.cairn"});
  CHECK(run.step(2, 0.9) == Names{"step-00000002.cairn", "best.cairn"});
  CHECK(run.step(3, 0.9) == Names{});  // no better
  CHECK(run.step(4, 0.7) == Names{"step-00000004.cairn"});
  CHECK(run.step(5, std::numeric_limits<double>::quiet_NaN()) == Names{});
  CHECK(run.step(6, 0.8) == Names{"step-00000006.cairn"});
  CHECK(files(path) == Names{"best.cairn", "step-00000004.cairn", "step-00000006.cairn"});

  Run resumed({.folder = path, .every = 2, .keep_last = 2, .best = {"accuracy", Best::max}});
  CHECK(resumed.checkpoint.load_latest().warnings.empty());
  CHECK(resumed.weight() == 6);
  CHECK(resumed.checkpoint.steps() == 6);
  CHECK(resumed.checkpoint.best() == 0.9);
  CHECK(resumed.step(7, 0.85) == Names{});
  resumed.checkpoint.load_best();
  CHECK(resumed.weight() == 2);
  CHECK(resumed.checkpoint.steps() == 2);
}

TEST_CASE("the smallest number is the best where that is wanted") {
  const TemporaryFolder folder;
  Run run({.folder = folder.path(), .every = 100, .best = {"accuracy", Best::min}});
  CHECK(run.step(1, 3) == Names{"best.cairn"});
  CHECK(run.step(2, 4) == Names{});
  CHECK(run.step(3, -1) == Names{"best.cairn"});
  CHECK(files(folder.path()) == Names{"best.cairn"});
}

TEST_CASE("a damaged newest checkpoint is passed over, and named") {
  const TemporaryFolder folder;
  Run run({.folder = folder.path()});
  for (int i = 1; i <= 3; ++i) run.step(i);
  flip_a_bit_in_the_middle(folder.file("step-00000003.cairn"));
  write_file(folder.file("step-00000002.cairn"), read_file(folder.file("step-00000002.cairn")).substr(0, 100));
  const LoadReport report = run.checkpoint.load_latest();
  CHECK(run.weight() == 1);
  REQUIRE(report.warnings.size() == 2);
  CHECK_THAT(report.warnings[0], Contains("step-00000003.cairn"));
  CHECK_THAT(report.warnings[1], Contains("step-00000002.cairn"));

  flip_a_bit_in_the_middle(folder.file("step-00000001.cairn"));
  CHECK_THROWS_WITH(run.checkpoint.load_latest(), Contains("there is no checkpoint") && Contains("that is whole"));
  CHECK(run.weight() == 1);
}

TEST_CASE("after going back, the next file that is saved is the latest, and what was left behind goes") {
  const TemporaryFolder folder;
  const std::int64_t keep_last = GENERATE(0, 3);
  const train::CheckpointOptions options = {
      .folder = folder.path(), .every = 2, .keep_last = keep_last, .best = {"accuracy", Best::max}};
  Run run(options);
  for (int i = 1; i <= 10; ++i) run.step(i, i == 5 ? 1 : 0);
  const Names before = files(folder.path());
  CHECK(before.back() == "step-00000010.cairn");
  run.checkpoint.load_best();
  CHECK(run.checkpoint.steps() == 5);

  std::filesystem::rename(folder.file("step-00000006.cairn"), folder.file("aside"));
  std::filesystem::create_directory(folder.file("step-00000006.cairn"));
  CHECK_THROWS_AS(run.step(60), IoError);
  std::filesystem::remove(folder.file("step-00000006.cairn"));
  std::filesystem::rename(folder.file("aside"), folder.file("step-00000006.cairn"));
  CHECK(files(folder.path()) == before);  // nothing new is there, so nothing goes

  CHECK(run.step(60) == Names{"step-00000006.cairn"});
  CHECK(files(folder.path()).back() == "step-00000006.cairn");
  Run resumed(options);
  resumed.checkpoint.load_latest();
  CHECK(resumed.weight() == 60);
  CHECK(resumed.checkpoint.steps() == 6);
  CHECK(resumed.step(7) == Names{});
}

TEST_CASE("after going back, what came before stays, as much as is kept") {
  const TemporaryFolder folder;
  Run run({.folder = folder.path(), .keep_last = 2});
  for (int i = 1; i <= 4; ++i) run.step(i);
  CHECK(files(folder.path()) == Names{"step-00000003.cairn", "step-00000004.cairn"});
  run.checkpoint.resume(folder.file("step-00000003.cairn"));
  std::filesystem::copy_file(folder.file("step-00000004.cairn"), folder.file("step-00000009.cairn"));
  CHECK(run.step(40) == Names{"step-00000004.cairn"});
  CHECK(files(folder.path()) == Names{"step-00000003.cairn", "step-00000004.cairn"});
}

TEST_CASE("a run that begins in the folder of another is refused, and takes nothing from it") {
  const TemporaryFolder folder;
  const train::CheckpointOptions options{.folder = folder.path(), .best = {"accuracy"}};
  Run first(options);
  for (int step = 1; step <= 3; ++step) first.step(step, 0.5);
  const Names before = files(folder.path());
  const std::string best = read_file(folder.file("best.cairn"));
  Run second(options);
  CHECK_THROWS_WITH(second.step(9, 0.9),
                    Contains("holds checkpoints of another run, up to step 3") && Contains("load_latest()"));
  CHECK(second.checkpoint.steps() == 0);
  CHECK(files(folder.path()) == before);
  CHECK(read_file(folder.file("best.cairn")) == best);
  second.checkpoint.load_latest();
  CHECK(second.step(4, 0.9) == Names{"step-00000004.cairn", "best.cairn"});
}

TEST_CASE("what is not a checkpoint's stays in the folder, and is not loaded") {
  const TemporaryFolder folder;
  for (const char* name : {"step-1.cairn", "step-00000001.cairn.bak", "step-x.cairn", "notes.txt"})
    write_file(folder.file(name), "mine");
  Run run({.folder = folder.path(), .keep_last = 1});
  CHECK_THROWS_AS(run.checkpoint.load_latest(), IoError);
  run.step(1), run.step(2);
  CHECK(files(folder.path()) ==
        Names{"notes.txt", "step-00000001.cairn.bak", "step-00000002.cairn", "step-1.cairn", "step-x.cairn"});
}

TEST_CASE("a step that cannot be saved has not counted, and says why") {
  const TemporaryFolder folder;
  Run homeless({});
  CHECK_THROWS_WITH(homeless.step(1), Contains("the options name none"));
  write_file(folder.file("file"), "");
  Run run({.folder = folder.file("file"), .best = {"accuracy", Best::max}});
  CHECK_THROWS_AS(run.step(1, 0.5), IoError);
  CHECK(run.checkpoint.steps() == 0);
  CHECK_FALSE(run.checkpoint.best());
  CHECK_THROWS_WITH(run.checkpoint.step({{"acuracy", 1.0}}),
                    Contains("the best is kept by 'accuracy'") && Contains("'acuracy'"));
  CHECK_THROWS_AS(train::Checkpoint({.every = 0}), ValueError);
  CHECK_THROWS_AS(train::Checkpoint({.keep_last = -1}), ValueError);
}
