// `cairn verify`, by running it on whole and on damaged files.
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include <cairn/core/random.h>
#include <cairn/core/tensor.h>
#include <cairn/io/save.h>

#include "catch.h"
#include "program.h"
#include "temporary_folder.h"

using namespace cairn;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using nlohmann::json;

namespace {

std::string saved(const TemporaryFolder& folder) {
  const std::string file = folder.file("m.cairn");
  const Generator generator(1);
  io::save(file, {{"epoch", 3},
                  {"weight", rand({30, 30}, {}, generator)},
                  {"bias", rand({7}, {}, generator)},
                  {"zeros", zeros({1000})}});
  return file;
}

}  // namespace

TEST_CASE("a whole file is exit code 0 and no damage") {
  TemporaryFolder folder;
  const std::string file = saved(folder);
  CHECK(json::parse(run_program({"verify", file, "--json"}).out) == json::parse(R"({"damage":[]})"));
  const Outcome outcome = run_program({"verify", file});
  CHECK(outcome.code == 0);
  CHECK(outcome.out == file + ": every byte is as it was written\n");
  CHECK(outcome.err.empty());
}

TEST_CASE("any flipped bit is exit code 1 or 3 and a range that holds it") {
  TemporaryFolder folder;
  const std::string file = saved(folder), whole = read_file(file), damaged = folder.file("damaged.cairn");
  std::mt19937 random(1);
  for (int i = 0; i < 150; ++i) {
    const std::size_t at = i < 40   ? static_cast<std::size_t>(i)
                           : i < 80 ? whole.size() - static_cast<std::size_t>(i - 39)
                                    : random() % whole.size();
    const int bit = static_cast<int>(random() % 8);
    CAPTURE(at, bit, whole.size());
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 1 << bit);
    write_file(damaged, bytes);
    const Outcome outcome = run_program({"verify", damaged, "--json"});
    CHECK((outcome.code == 1 || outcome.code == 3));
    CHECK_THAT(outcome.err, StartsWith("error: ") && Contains(damaged));
    bool held = false;
    const json told = json::parse(outcome.out);
    for (const json& damage : told["damage"]) {
      for (const char* field : {"offset", "length", "section", "tensor"}) REQUIRE(damage.contains(field));
      const auto offset = damage["offset"].get<std::size_t>(), length = damage["length"].get<std::size_t>();
      CHECK(length <= std::size_t{1} << 20);
      held = held || (offset <= at && at - offset < length);
    }
    CHECK(held);
  }
}

TEST_CASE("a damaged tensor is named") {
  TemporaryFolder folder;
  const std::string file = saved(folder);
  std::string bytes = read_file(file);
  bytes[200] ^= 1;  // data come first
  write_file(file, bytes);
  const Outcome outcome = run_program({"verify", file});
  CHECK(outcome.code == 1);
  CHECK_THAT(outcome.out, Contains("weight"));
  CHECK_THAT(outcome.err, Contains("damaged in 1 place"));
  CHECK(json::parse(run_program({"verify", file, "--json"}).out)["damage"][0]["tensor"] == "weight");
}

TEST_CASE("what cannot be read as a container is exit code 3, also for a script") {
  TemporaryFolder folder;
  const std::string cut = folder.file("cut.cairn"), text = folder.file("text");
  const std::string whole = read_file(saved(folder));
  write_file(cut, whole.substr(0, whole.size() / 2));
  write_file(text, "a text\n");
  for (const std::string& path : {cut, text, folder.file("absent")}) {
    CAPTURE(path);
    const Outcome outcome = run_program({"verify", path, "--json"});
    CHECK((outcome.code == 3 || (outcome.code == 1 && path == cut)));
    CHECK_FALSE(json::parse(outcome.out)["damage"].empty());
    CHECK_THAT(outcome.err, Contains(path));
  }
}
