// `cairn train`, by running it: what it prints, what it saves, and what it reaches.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include <cairn/io/load.h>
#include <cairn/io/save.h>

#include "catch.h"
#include "program.h"
#include "temporary_folder.h"

using namespace cairn;
using Catch::Matchers::Contains;
using nlohmann::json;

TEST_CASE("the last line with --json has exactly the fields promised") {
  const Outcome outcome = run_program({"train", "--data", "digits", "--epochs", "2", "--json"});
  REQUIRE(outcome.code == 0);
  const json result = json::parse(last_line(outcome.out));
  CHECK(result.size() == 4);
  CHECK(result["epochs"] == 2);
  CHECK(result["train_loss"].get<double>() > 0);
  CHECK(result["test_accuracy"].get<double>() > 0.5);
  CHECK(result["test_accuracy"].get<double>() <= 1);
  CHECK(result["steps_per_second"].get<double>() > 0);
  CHECK(outcome.err.empty());  // progress goes only to a terminal
}

TEST_CASE("people get a line an epoch") {
  const Outcome outcome = run_program({"train", "--data", "digits", "--epochs", "2"});
  CHECK_THAT(outcome.out,
             Contains("epoch 1/2  train loss") && Contains("epoch 2/2") && Contains("2 epochs, test accuracy"));
}

TEST_CASE("the same seed gives the same file under any name, with any number of threads; another seed another") {
  TemporaryFolder folder;
  const auto trained = [&](const std::string& name, const std::string& seed, const std::string& threads) {
    REQUIRE(run_program({"train", "--data", "digits", "--epochs", "1", "--seed", seed, "--threads", threads, "--save",
                         folder.file(name)})
                .code == 0);
    return read_file(folder.file(name));
  };
  const std::string first = trained("a.cairn", "3", "1");
  CHECK(first == trained("b", "3", "1"));
  CHECK(first == trained("c", "3", "2"));
  CHECK(first != trained("d", "4", "1"));
}

TEST_CASE("the file holds the whole run") {
  TemporaryFolder folder;
  const std::string file = folder.file("m.cairn");
  REQUIRE(run_program({"train", "--data", "digits", "--epochs", "1", "--save", file}).code == 0);
  const Value run = io::load(file);
  CHECK(run.at("data", "epoch").as_int() == 1);
  CHECK(run.at("settings", "model").as_text() == "mlp");
  CHECK(run.at("model", "fc1.weight").as_tensor().size(1) == 64);
  CHECK(run.at("trainer", "history").size() == 1);
  CHECK(run.at("optimizer").contains("param_groups"));
  CHECK(run_program({"verify", file}).code == 0);
}

TEST_CASE("a resumed run takes its seed and model from the file, and contradictions are wrong usage") {
  TemporaryFolder folder;
  const std::string file = folder.file("m.cairn");
  REQUIRE(run_program({"train", "--data", "digits", "--epochs", "1", "--seed", "3", "--save", file}).code == 0);
  const Outcome other = run_program({"train", "--data", "digits", "--resume", file, "--seed", "4"});
  CHECK(other.code == 2);
  CHECK_THAT(other.err, Contains(file + " holds a run of seed 3"));
  const Outcome model = run_program({"train", "--data", "digits", "--resume", file, "--model", "cnn"});
  CHECK(model.code == 2);
  CHECK_THAT(model.err, Contains(file + " holds a run of mlp"));
  const Outcome done = run_program({"train", "--data", "digits", "--resume", file, "--epochs", "1", "--json"});
  CHECK(done.code == 0);
  CHECK(json::parse(last_line(done.out))["epochs"] == 1);
  CHECK(json::parse(last_line(done.out))["steps_per_second"] == 0);
}

TEST_CASE("without --save a resumed run stays in its file; with it, the file it came from stays as it was") {
  TemporaryFolder folder;
  const std::string file = folder.file("m.cairn"), other = folder.file("other.cairn"),
                    whole = folder.file("whole.cairn");
  REQUIRE(run_program({"train", "--data", "digits", "--epochs", "2", "--save", whole}).code == 0);
  REQUIRE(run_program({"train", "--data", "digits", "--epochs", "1", "--save", file}).code == 0);
  const std::string first = read_file(file);
  REQUIRE(run_program({"train", "--data", "digits", "--epochs", "2", "--resume", file, "--save", other}).code == 0);
  CHECK(read_file(file) == first);
  CHECK(read_file(other) == read_file(whole));
  REQUIRE(run_program({"train", "--data", "digits", "--epochs", "2", "--resume", file}).code == 0);
  CHECK(read_file(file) == read_file(whole));
}

TEST_CASE("resuming what is not there is an error, unless the run itself is to be there") {
  TemporaryFolder folder;
  const std::string file = folder.file("m.cairn");
  CHECK(run_program({"train", "--data", "digits", "--epochs", "0", "--resume", file}).code == 3);
  CHECK(run_program({"train", "--data", "digits", "--epochs", "0", "--resume", file, "--save", folder.file("other")})
            .code == 3);
  const Outcome begun = run_program({"train", "--data", "digits", "--epochs", "0", "--resume", file, "--save", file});
  CHECK(begun.code == 0);
  CHECK_THAT(begun.err, Contains(file + " is not there yet"));
}

TEST_CASE("a file of other data or another kind is refused, by name") {
  TemporaryFolder folder;
  const std::string file = folder.file("m.cairn"), mnist = mnist_folder();
  REQUIRE(run_program({"train", "--data", "digits", "--epochs", "0", "--save", file}).code == 0);
  if (!mnist.empty()) {
    const Outcome outcome = run_program({"train", "--data", mnist, "--resume", file});
    CHECK(outcome.code == 3);
    CHECK_THAT(outcome.err, Contains(file) && Contains("images of shape [1, 8, 8], but these have [1, 28, 28]"));
  }
  io::save(file, {{"epoch", 3}});
  const Outcome outcome = run_program({"train", "--data", "digits", "--resume", file});
  CHECK(outcome.code == 3);
  CHECK_THAT(outcome.err, Contains(file) && Contains("not a run saved by `cairn train`"));
}

TEST_CASE("an MLP reaches 94 % of MNIST's held-back digits in five epochs") {
  const std::string mnist = mnist_folder();
  if (mnist.empty()) return;
  const Outcome outcome = run_program({"train", "--data", mnist, "--model", "mlp", "--epochs", "5", "--json"});
  REQUIRE(outcome.code == 0);
  const json result = json::parse(last_line(outcome.out));
  CHECK(result["epochs"] == 5);
  CHECK(result["test_accuracy"].get<double>() >= 0.94);
}

TEST_CASE("every model learns the drawn digits, and is resumed without being named again") {
  TemporaryFolder folder;
  const std::string file = folder.file("m.cairn");
  for (const std::string model : {"cnn", "resnet18"}) {
    CAPTURE(model);
    REQUIRE(run_program({"train", "--data", "digits", "--epochs", "1", "--model", model, "--save", file}).code == 0);
    const Outcome outcome = run_program({"train", "--data", "digits", "--epochs", "2", "--resume", file, "--json"});
    REQUIRE(outcome.code == 0);
    CHECK(json::parse(last_line(outcome.out))["test_accuracy"].get<double>() > 0.3);
    CHECK(io::load(file).at("settings", "model").as_text() == model);
    CHECK(io::load(file).at("model").contains("conv1.weight"));
    std::filesystem::remove(file);
  }
}

TEST_CASE("the CNN reaches 97 % of MNIST's held-back digits in three epochs") {
  const std::string mnist = mnist_folder();
  if (mnist.empty()) return;
  const Outcome outcome = run_program({"train", "--data", mnist, "--model", "cnn", "--epochs", "3", "--json"});
  REQUIRE(outcome.code == 0);
  CHECK(json::parse(last_line(outcome.out))["test_accuracy"].get<double>() >= 0.97);
}

TEST_CASE("training on sim gives what training on the CPU gives") {
  const Outcome cpu = run_program({"train", "--data", "digits", "--epochs", "1", "--json"});
  const Outcome sim = run_program({"train", "--data", "digits", "--epochs", "1", "--json", "--device", "sim:0"});
  REQUIRE(sim.code == 0);
  const json a = json::parse(last_line(cpu.out)), b = json::parse(last_line(sim.out));
  CHECK(a["train_loss"] == b["train_loss"]);
  CHECK(a["test_accuracy"] == b["test_accuracy"]);
}
