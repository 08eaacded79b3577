// `cairn ls`, by running it.
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <cairn/core/state_dict.h>
#include <cairn/core/tensor.h>
#include <cairn/io/save.h>

#include "catch.h"
#include "program.h"
#include "temporary_folder.h"

using namespace cairn;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

std::string saved(const TemporaryFolder& folder) {
  const std::string file = folder.file("m.cairn");
  const Tensor weight = ones({2, 3}, {.requires_grad = true});
  io::save(file, {{"epoch", 3},
                  {"weight", weight},
                  {"tied", weight},
                  {"zeros", zeros({100, 1000})},
                  {"a.dot", arange(4)},
                  {"far", zeros({5}, {.dtype = DType::float64, .device = "sim:1"})}});
  return file;
}

}  // namespace

TEST_CASE("--json has exactly the fields promised, in the order of the tree") {
  TemporaryFolder folder;
  const Outcome outcome = run_program({"ls", saved(folder), "--json"});
  REQUIRE(outcome.code == 0);
  const json facts = json::parse(outcome.out);
  CHECK(facts.size() == 2);
  CHECK(facts["format"] == "cairn");
  REQUIRE(facts["tensors"].size() == 5);
  for (const json& tensor : facts["tensors"]) {
    CHECK(tensor.size() == 7);
    for (const char* field : {"name", "dtype", "shape", "nbytes", "stored", "device", "requires_grad"})
      CHECK(tensor.contains(field));
  }
  CHECK(facts["tensors"][0]["name"] == "weight");
  CHECK(facts["tensors"][0]["dtype"] == "float32");
  CHECK(facts["tensors"][0]["shape"] == json({2, 3}));
  CHECK(facts["tensors"][0]["nbytes"] == 24);
  CHECK(facts["tensors"][0]["requires_grad"] == true);
  CHECK(facts["tensors"][1]["stored"] == 0);  // tied: stored once
  CHECK(facts["tensors"][2]["nbytes"] == 400'000);
  CHECK(facts["tensors"][2]["stored"] < 4'000);
  CHECK(facts["tensors"][3]["dtype"] == "int64");
  CHECK(facts["tensors"][3]["requires_grad"] == false);
  CHECK(facts["tensors"][4]["device"] == "sim:1");
}

TEST_CASE("the table says the same for people") {
  TemporaryFolder folder;
  const Outcome outcome = run_program({"ls", saved(folder)});
  REQUIRE(outcome.code == 0);
  CHECK_THAT(outcome.out, Contains("name") && Contains("requires_grad") && Contains("shares storage with"));
  CHECK_THAT(outcome.out, Contains("[100, 1000]") && Contains("constant") && Contains("raw") && Contains("sim:1"));
  CHECK_THAT(outcome.out, Contains("5 tensors"));
  CHECK(outcome.err.empty());
}

TEST_CASE("a file without tensors is listed, too") {
  TemporaryFolder folder;
  io::save(folder.file("e.cairn"), {{"epoch", 3}});
  CHECK(json::parse(run_program({"ls", folder.file("e.cairn"), "--json"}).out)["tensors"].empty());
  CHECK(run_program({"ls", folder.file("e.cairn")}).code == 0);
}

TEST_CASE("the name of the file does not matter") {
  TemporaryFolder folder;
  std::filesystem::rename(saved(folder), folder.file("m.pth"));
  CHECK(run_program({"ls", folder.file("m.pth")}).code == 0);
}
