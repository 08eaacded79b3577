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
    const std::filesystem::path folder = std::filesystem::path(CAIRN_FUZZ_CORPUS) / parser.name;
    REQUIRE(std::filesystem::is_directory(folder));
    int count = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      const std::string bytes = read_file(file.path().string());
      INFO(file.path());
      CHECK_NOTHROW(parser.run(std::as_bytes(std::span(bytes))));
      ++count;
    }
    INFO(parser.name);
    CHECK(count >= 10);
  }
}
