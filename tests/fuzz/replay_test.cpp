// What fuzzing found interesting, and what it found wrong, once more.
#include "catch.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "fuzz.h"
#include "temporary_folder.h"

TEST_CASE("No parser stumbles over what fuzzing has found", "[fuzz]") {
  for (const fuzz::Parser& parser : fuzz::parsers) {
    // The conformance corpus is where containers begin.
    std::vector<std::filesystem::path> folders{std::filesystem::path(CAIRN_FUZZ_CORPUS) / parser.name};
    if (parser.name == "container")
      folders = {folders[0], std::filesystem::path(CAIRN_CORPUS) / "accepted",
                 std::filesystem::path(CAIRN_CORPUS) / "refused"};
    std::vector<std::filesystem::path> files;
    for (const std::filesystem::path& folder : folders) {
      for (const auto& file : std::filesystem::directory_iterator(folder)) files.push_back(file.path());
    }
    int count = 0;
    for (const std::filesystem::path& file : files) {
      const std::string bytes = read_file(file.string());
      INFO(file);
      CHECK_NOTHROW(parser.run(std::as_bytes(std::span(bytes))));
      ++count;
    }
    INFO(parser.name);
    CHECK(count >= 10);
  }
}
