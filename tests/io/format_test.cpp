// FORMAT.md against the writer: its worked example is the file that is written now.
#include "catch.h"

#include <span>
#include <sstream>

#include "temporary_folder.h"

#include <cairn/io.h>

using namespace cairn;

namespace {

/// The bytes of the lines between "```hex" and "```" of FORMAT.md: an offset, a colon, the bytes, and a remark after
/// "|".
std::vector<std::byte> bytes_of_dump() {
  std::istringstream lines(read_file(CAIRN_FORMAT_MD));
  std::vector<std::byte> bytes;
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      inside = line == "```hex";
      continue;
    }
    if (!inside) continue;
    const std::size_t colon = line.find(':');
    REQUIRE(colon != line.npos);
    INFO(line);
    CHECK(std::stoul(line.substr(0, colon), nullptr, 16) == bytes.size());
    std::istringstream numbers(line.substr(colon + 1, line.find('|') - colon - 1));
    for (std::string number; numbers >> number;)
      bytes.push_back(static_cast<std::byte>(std::stoul(number, nullptr, 16)));
  }
  return bytes;
}

}  // namespace

TEST_CASE("The worked example of FORMAT.md is what is written", "[io][format]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("example.cairn");
  const Tensor bias = tensor({1.0f, 2.0f, -0.5f});
  io::save(path, {{"epoch", 3}, {"bias", bias}});
  io::append(path, {{"epoch", 4}, {"bias", bias}}, {.attributes = {.file = {{"unit", "V"}}}});
  const std::string written = read_file(path);
  const auto bytes = std::as_bytes(std::span(written));
  CHECK(bytes_of_dump() == std::vector<std::byte>(bytes.begin(), bytes.end()));
}
