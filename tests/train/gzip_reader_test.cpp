#include <cairn/train/gzip_reader.h>

#include <cstddef>
#include <span>
#include <string>

#include <cairn/core/error.h>

#include "catch.h"
#include "idx_files.h"
#include "temporary_folder.h"

using namespace cairn;
using Catch::Matchers::Contains;

namespace {

std::string read(train::GzipReader& reader, std::size_t size) {
  std::string bytes(size, '\0');
  reader.read(std::as_writable_bytes(std::span(bytes)), "the test's bytes");
  return bytes;
}

}  // namespace

TEST_CASE("a file reads the same packed or not") {
  TemporaryFolder folder;
  const std::string content(100'000, 'x'), path = folder.file("content");
  const bool packed = GENERATE(false, true);
  write_file(path, packed ? gzip(content + "end") : content + "end");
  train::GzipReader reader(path);
  CHECK(reader.largest_content() >= content.size() + 3);
  CHECK(read(reader, content.size()) == content);
  CHECK(reader.offset() == content.size());
  CHECK_THROWS_WITH(reader.expect_end(), Contains(path) && Contains("byte 100000") && Contains("goes on"));
}

TEST_CASE("the end is where it is") {
  TemporaryFolder folder;
  const std::string path = folder.file("content");
  const bool packed = GENERATE(false, true);
  write_file(path, packed ? gzip("abc") : "abc");
  train::GzipReader reader(path);
  CHECK(read(reader, 3) == "abc");
  CHECK_NOTHROW(reader.expect_end());
  CHECK_THROWS_WITH(read(reader, 2), Contains(path) && Contains("byte 3: the file ends inside the test's bytes"));
}

TEST_CASE("a packed file that is damaged or cut short is refused wherever it is") {
  TemporaryFolder folder;
  const std::string whole = gzip(std::string(70'000, 'y')), path = folder.file("content.gz");
  const auto read_all = [&] {
    train::GzipReader reader(path);
    read(reader, 70'000);
    reader.expect_end();
  };
  for (const std::size_t size : {whole.size() - 1, whole.size() - 8, whole.size() / 2, std::size_t{12}}) {
    CAPTURE(size);
    write_file(path, whole.substr(0, size));
    CHECK_THROWS_AS(read_all(), FormatError);
  }
  for (const std::size_t at : {whole.size() - 6, whole.size() - 2, whole.size() / 2}) {
    CAPTURE(at);
    std::string damaged = whole;
    damaged[at] ^= 4;
    write_file(path, damaged);
    CHECK_THROWS_WITH(read_all(), Contains(path));
  }
}

TEST_CASE("a file that is not there is named") {
  CHECK_THROWS_WITH(train::GzipReader("/no/such/file"), Contains("/no/such/file") && Contains("No such file"));
  CHECK_THROWS_AS(train::GzipReader("/no/such/file"), IoError);
}
