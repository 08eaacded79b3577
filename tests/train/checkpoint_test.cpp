#include <cairn/train/checkpoint.h>

#include <cstring>
#include <string>

#include <cairn/core/ops.h>
#include <cairn/core/random.h>
#include <cairn/core/version.h>
#include <cairn/io/inspect.h>
#include <cairn/io/load.h>
#include <cairn/io/save.h>
#include <cairn/optim/adam.h>
#include <cairn/train/models.h>

#include "catch.h"
#include "devices.h"
#include "message_of.h"
#include "temporary_folder.h"

using namespace cairn;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

struct Run {
  Generator generator;
  train::MLP model;
  optim::Adam optimizer;
  train::Checkpoint checkpoint;

  explicit Run(std::uint64_t seed, std::int64_t hidden = 5, Device device = {})
      : generator(seed),
        model({.inputs = 6, .hidden = hidden, .classes = 3, .generator = generator}),
        optimizer(model.to(device).named_parameters(), {.lr = 0.1}) {
    checkpoint.add("model", model);
    checkpoint.add("optimizer", optimizer);
    checkpoint.add("generator", generator);
  }

  void step() {
    optimizer.zero_grad();
    const Device device = model.fc1->weight.device();
    const Tensor x = rand({8, 6}, {}, generator), target = tensor<std::int64_t>({0, 1, 2, 0, 1, 2, 0, 1});
    cross_entropy(model(x.to(device)), target.to(device)).backward();
    optimizer.step();
  }
};

/// All bytes of everything.
std::string bytes(const Run& run) {
  const Bytes saved = io::save_to_memory(run.checkpoint.state());
  return {reinterpret_cast<const char*>(saved.data.data()), saved.data.size()};
}

}  // namespace

TEST_CASE("a resumed run goes on bit for bit", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  TemporaryFolder folder;
  const std::string file = folder.file("run.cairn");
  Run unbroken(1, 5, device), resumed(2, 5, device);
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

TEST_CASE("a run that does not fit is refused, and nothing changes", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  TemporaryFolder folder;
  const std::string file = folder.file("run.cairn");
  Run run(1, 5, device);
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
    state["cairn"]["layout"] = 3;
    io::save(file, state);
    CHECK_THROWS_WITH(run.checkpoint.resume(file),
                      "Checkpoint: the run was saved in layout 3, but this version knows 2");
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

TEST_CASE("every part that does not fit is named, with its faults") {
  Run run(1), other(2, 7);
  other.step();
  Value state = other.checkpoint.state();
  const auto refused = [&] { return message_of([&] { run.checkpoint.plan_load(state); }); };
  const Tensor generator = state["generator"].as_tensor();
  state["generator"] = zeros({7}, {.dtype = DType::uint8});
  CHECK_THAT(refused(), StartsWith("Checkpoint: the saved run does not fit:\n"
                                   "\tmodel: Error(s) in loading state_dict for MLP:\n"
                                   "\t\tsize mismatch for fc1.weight") &&
                            Contains("\n\toptimizer: ") && Contains("\n\tgenerator: ") &&
                            Contains("input RNG state size to be 7"));

  state["model"] = run.model.state_dict();
  state["optimizer"] = run.optimizer.state_dict();
  CHECK_THAT(refused(), StartsWith("Checkpoint: the saved run does not fit:\n\tgenerator: "));
  StateDict wrapped;
  for (const auto& [key, value] : run.model.state_dict()) wrapped.set("module." + key, value);
  state["model"] = wrapped;
  CHECK_THROWS_WITH(run.checkpoint.plan_load(state), Contains("\nHint: ") && Contains("\"module.\""));
  state["model"] = run.model.state_dict();
  state["generator"] = generator;
  CHECK_NOTHROW(run.checkpoint.plan_load(state));
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

TEST_CASE("a run written on any device is resumed on any other, and goes on from the same numbers", "[device]") {
  TemporaryFolder folder;
  const std::string file = folder.file("run.cairn");
  for (const Device from : everywhere()) {
    for (const Device to : everywhere()) {
      CAPTURE(from, to);
      Run source(1, 5, from), resumed(2, 5, to);
      source.step(), source.step();
      source.checkpoint.values()["best"] = {{"weights", source.model.state_dict().snapshot()}};
      source.checkpoint.save(file);
      CHECK(io::inspect(file).tensors.front().location == to_string(from));
      resumed.step();  // the optimizer has state already, on its own device
      resumed.checkpoint.resume(file);
      CHECK(resumed.model.fc1->weight.device() == to);
      CHECK(resumed.optimizer.state_dict().at("state", 0, "exp_avg").as_tensor().device() == to);
      CHECK(resumed.optimizer.state_dict().at("state", 0, "step").as_tensor().device() == Device());
      const StateDict mine = source.model.state_dict(), theirs = resumed.model.state_dict();
      for (const auto& [key, value] : mine)
        CHECK(numbers<double>(value.as_tensor()) == numbers<double>(theirs.at(key)));
      source.step(), resumed.step();
      CHECK(resumed.optimizer.state_dict().at("state", 0, "step").as_tensor().item() == 3);
    }
  }
}

TEST_CASE("on a machine without the device that a run was written on, its values are mapped elsewhere", "[device]") {
  TemporaryFolder folder;
  const std::string file = folder.file("run.cairn");
  for (const Device device : devices()) {
    const std::string absent = to_string(Device(device.type(), device_count(device.type())));
    Run source(1), resumed(2);
    source.step();
    source.checkpoint.values()["average"] = full({3}, 5.0);
    const auto tag = [&](const Tensor& tensor) {
      return tensor.dtype() == DType::uint8 ? std::string("cpu") : absent;  // all but the generator's state
    };
    io::save(file, source.checkpoint.state(), {.location_tag = tag});

    // The parts lie where they are; only what has no place of its own needs to be told one.
    const std::string before = bytes(resumed);
    CHECK_THROWS_AS(resumed.checkpoint.resume(file), DeviceError);
    CHECK(bytes(resumed) == before);
    resumed.checkpoint.resume(file, {}, {.map_location = "cpu"});
    CHECK(bytes(resumed) == bytes(source));
    resumed.checkpoint.resume(file, {}, {.map_location = device});
    CHECK(resumed.checkpoint.values().at("average").as_tensor().device() == device);
    CHECK(resumed.model.fc1->weight.device() == Device());
  }
}

TEST_CASE("names are taken once") {
  Run run(1);
  CHECK_THROWS_AS(run.checkpoint.add("model", run.model), ValueError);
  CHECK_THROWS_AS(run.checkpoint.add("", run.model), ValueError);
  CHECK_THROWS_AS(run.checkpoint.add("cairn", run.model), ValueError);
  run.checkpoint.values()["model"] = 1;
  CHECK_THROWS_WITH(run.checkpoint.state(), "Checkpoint: 'model' names both a part and a value");
}
