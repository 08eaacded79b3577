#include <cairn/train/checkpoint.h>

#include <cstring>
#include <string>

#include <cairn/core/ops.h>
#include <cairn/core/random.h>
#include <cairn/core/version.h>
#include <cairn/io/load.h>
#include <cairn/io/save.h>
#include <cairn/optim/adam.h>
#include <cairn/train/models.h>

#include "catch.h"
#include "temporary_folder.h"

using namespace cairn;
using Catch::Matchers::Contains;

namespace {

struct Run {
  Generator generator;
  train::MLP model;
  optim::Adam optimizer;
  train::Checkpoint checkpoint;

  explicit Run(std::uint64_t seed, std::int64_t hidden = 5)
      : generator(seed),
        model({.inputs = 6, .hidden = hidden, .classes = 3, .generator = generator}),
        optimizer(model.named_parameters(), {.lr = 0.1}) {
    checkpoint.add("model", model);
    checkpoint.add("optimizer", optimizer);
    checkpoint.add("generator", generator);
  }

  void step() {
    optimizer.zero_grad();
    cross_entropy(model(rand({8, 6}, {}, generator)), tensor<std::int64_t>({0, 1, 2, 0, 1, 2, 0, 1})).backward();
    optimizer.step();
  }
};

/// All bytes of everything.
std::string bytes(const Run& run) {
  const Bytes saved = io::save_to_memory(run.checkpoint.state());
  return {reinterpret_cast<const char*>(saved.data.data()), saved.data.size()};
}

}  // namespace

TEST_CASE("a resumed run goes on bit for bit") {
  TemporaryFolder folder;
  const std::string file = folder.file("run.cairn");
  Run unbroken(1), resumed(2);
  for (int i = 0; i < 3; ++i) unbroken.step();
  unbroken.checkpoint.values()["epoch"] = 3;
  unbroken.checkpoint.save(file);
  resumed.step();
  const LoadReport report = resumed.checkpoint.resume(file);
  CHECK(report.warnings.empty());
  CHECK(resumed.checkpoint.values().at("epoch").as_int() == 3);
  CHECK(bytes(resumed) == bytes(unbroken));
  for (int i = 0; i < 3; ++i) unbroken.step(), resumed.step();
  CHECK(bytes(resumed) == bytes(unbroken));
}

TEST_CASE("the file is the state, whatever it is called") {
  TemporaryFolder folder;
  Run a(1), b(1);
  a.step(), b.step();
  a.checkpoint.save(folder.file("a.cairn"));
  b.checkpoint.save(folder.file("another name"));
  CHECK(read_file(folder.file("a.cairn")) == read_file(folder.file("another name")));
  const Value loaded = io::load(folder.file("a.cairn"));
  CHECK(loaded.at("cairn", "instruction_set").as_text() == instruction_set());
  CHECK(loaded.at("model", "fc1.weight").as_tensor().shape() == Shape{5, 6});
}

TEST_CASE("a run that does not fit is refused, and nothing changes") {
  TemporaryFolder folder;
  const std::string file = folder.file("run.cairn");
  Run run(1);
  run.step();
  const std::string before = bytes(run);

  SECTION("because a part has another shape, even the last one") {
    Run other(2, 7);
    other.step();
    other.checkpoint.save(file);
    CHECK_THROWS_WITH(run.checkpoint.resume(file), Contains("size mismatch for fc1.weight"));
  }
  SECTION("because a later part does not fit while an earlier one does") {
    Run other(2);
    Value state = other.checkpoint.state();
    state["generator"] = zeros({7}, {.dtype = DType::uint8});
    io::save(file, state);
    CHECK_THROWS_AS(run.checkpoint.resume(file), StateDictError);
  }
  SECTION("because a part is missing") {
    Run other(2);
    Value state = other.checkpoint.state();
    state["optimiser"] = Value(state["optimizer"]);  // a copy: adding a key moves the others
    state.as_dict().erase("optimizer");
    io::save(file, state);
    CHECK_THROWS_WITH(run.checkpoint.resume(file), Contains("there is no 'optimizer'") && Contains("'optimiser'"));
  }
  SECTION("because it is not a run at all") {
    io::save(file, {{"epoch", 3}});
    CHECK_THROWS_WITH(run.checkpoint.resume(file), Contains("not a run saved by a Checkpoint"));
    io::save(file, Value(3));
    CHECK_THROWS_AS(run.checkpoint.resume(file), StateDictError);
  }
  SECTION("because it comes from a later layout") {
    Value state = run.checkpoint.state();
    state["cairn"]["layout"] = 2;
    io::save(file, state);
    CHECK_THROWS_WITH(run.checkpoint.resume(file),
                      "Checkpoint: the run was saved in layout 2, but this version knows 1");
  }
  SECTION("because the file is damaged") {
    Run other(2);
    other.checkpoint.save(file);
    std::string damaged = read_file(file);
    damaged[damaged.size() / 3] ^= 1;
    write_file(file, damaged);
    CHECK_THROWS_AS(run.checkpoint.resume(file), FormatError);
  }
  SECTION("because there is no file") { CHECK_THROWS_AS(run.checkpoint.resume(file), IoError); }
  CHECK(bytes(run) == before);
}

TEST_CASE("another instruction set is told, not hidden") {
  Run run(1);
  Value state = run.checkpoint.state();
  state["cairn"]["instruction_set"] = "another one";
  const LoadReport report = run.checkpoint.plan_load(state).commit();
  REQUIRE(report.warnings.size() == 1);
  CHECK_THAT(report.warnings[0], Contains("another one") && Contains(instruction_set()));
}

TEST_CASE("values of any kind are kept, tensors among them") {
  TemporaryFolder folder;
  Run a(1), b(2);
  a.checkpoint.values()["best"] = {{"accuracy", 0.5}, {"weights", a.model.state_dict().snapshot()}};
  b.checkpoint.values()["forgotten"] = 1;
  a.checkpoint.save(folder.file("run.cairn"));
  b.checkpoint.resume(folder.file("run.cairn"));
  CHECK(to_string(Value(b.checkpoint.values())) == to_string(Value(a.checkpoint.values())));
  CHECK_FALSE(b.checkpoint.values().contains("forgotten"));
}

TEST_CASE("names are taken once") {
  Run run(1);
  CHECK_THROWS_AS(run.checkpoint.add("model", run.model), ValueError);
  CHECK_THROWS_AS(run.checkpoint.add("", run.model), ValueError);
  CHECK_THROWS_AS(run.checkpoint.add("cairn", run.model), ValueError);
  run.checkpoint.values()["model"] = 1;
  CHECK_THROWS_WITH(run.checkpoint.state(), "Checkpoint: 'model' names both a part and a value");
}
