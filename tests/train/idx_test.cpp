#include <cairn/train/idx.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "catch.h"
#include "idx_files.h"
#include "temporary_folder.h"

using namespace cairn;
using Catch::Matchers::Contains;

namespace {

template <class T>
std::vector<T> values(const Tensor& tensor) {
  const auto data = tensor.data<T>();
  return {data.begin(), data.end()};
}

void write_pair(const TemporaryFolder& folder, const std::string& name, std::uint32_t count, bool packed) {
  const std::string images = idx_images(count), labels = idx_labels(count);
  write_file(folder.file(name + "-images-idx3-ubyte" + (packed ? ".gz" : "")), packed ? gzip(images) : images);
  write_file(folder.file(name + "-labels-idx1-ubyte" + (packed ? ".gz" : "")), packed ? gzip(labels) : labels);
}

}  // namespace

TEST_CASE("every type of number is read") {
  TemporaryFolder folder;
  const std::string path = folder.file("numbers");
  SECTION("uint8") {
    write_file(path, idx(0x08, {2, 2}, {1, 2, 3, '\xff'}));
    CHECK(train::read_idx(path).shape() == Shape{2, 2});
    CHECK(values<std::uint8_t>(train::read_idx(path)) == std::vector<std::uint8_t>{1, 2, 3, 255});
  }
  SECTION("int8") {
    write_file(path, idx(0x09, {2}, {1, '\xff'}));
    CHECK(values<std::int8_t>(train::read_idx(path)) == std::vector<std::int8_t>{1, -1});
  }
  SECTION("int16") {
    write_file(path, idx(0x0b, {2}, {1, 2, '\xff', '\xfe'}));
    CHECK(values<std::int16_t>(train::read_idx(path)) == std::vector<std::int16_t>{258, -2});
  }
  SECTION("int32") {
    write_file(path, idx(0x0c, {1}, {0, 1, 0, 2}));
    CHECK(values<std::int32_t>(train::read_idx(path)) == std::vector<std::int32_t>{65538});
  }
  SECTION("float32") {
    write_file(path, idx(0x0d, {1}, {'\x3f', '\xc0', 0, 0}));
    CHECK(values<float>(train::read_idx(path)) == std::vector<float>{1.5f});
  }
  SECTION("float64") {
    write_file(path, idx(0x0e, {1}, {'\xbf', '\xf8', 0, 0, 0, 0, 0, 0}));
    CHECK(values<double>(train::read_idx(path)) == std::vector<double>{-1.5});
  }
  SECTION("none") {
    write_file(path, idx(0x08, {0, 28, 28}, ""));
    CHECK(train::read_idx(path).shape() == Shape{0, 28, 28});
  }
}

TEST_CASE("a file that is not as it should be is refused, with its name and the place") {
  TemporaryFolder folder;
  const std::string path = folder.file("bad");
  const auto refused = [&](const std::string& bytes) {
    const bool packed = GENERATE(false, true);
    write_file(path, packed ? gzip(bytes) : bytes);
    try {
      train::read_idx(path);
    } catch (const FormatError& error) {
      CHECK(error.fields().file == path);
      CHECK(error.fields().offset.has_value());
      return error.message();
    }
    return std::string("read without an error");
  };
  const std::string start = path + ": byte ";
  CHECK(refused("abcdefgh") == start + "0: this is not an IDX file: it begins with 97 and 98, not 0 and 0");
  CHECK(refused(idx(0x0a, {1}, "x")) == start + "2: the type of the numbers is 10, but may be 8, 9, 11, 12, 13 or 14");
  CHECK(refused(idx(0x08, {}, "x")) == start + "3: the rank is 0, but may be 1 to 6");
  CHECK(refused(idx(0x08, {1, 1, 1, 1, 1, 1, 1}, "x")) == start + "3: the rank is 7, but may be 1 to 6");
  CHECK(refused(idx(0x08, {2}, "xyz")) == start + "10: the numbers end here, but the file goes on");
  CHECK(refused(std::string("\0\0", 2)) ==
        start + "2: the file ends inside the magic number (4 bytes wanted, 2 there)");
  CHECK(refused(idx(0x08, {2}, "").substr(0, 6)) ==
        start + "6: the file ends inside an extent (4 bytes wanted, 2 there)");
  CHECK_THAT(refused(idx(0x08, {0xffffffffu, 0xffffffffu, 0xffffffffu}, "")),
             Contains("more numbers than the file can hold"));
  CHECK_THAT(refused(idx(0x0e, {0xffffffffu}, "")), Contains(start + "4: extent 0 is 4294967295"));
  CHECK_THAT(refused(idx(0x08, {12}, "shorter")), Contains("byte 8") || Contains("byte 15") || Contains("byte 4"));
}

TEST_CASE("a pair of files is a data set") {
  TemporaryFolder folder;
  write_pair(folder, "t10k", 300, false);
  const std::string images = folder.file("t10k-images-idx3-ubyte"), labels = folder.file("t10k-labels-idx1-ubyte");
  const train::TensorDataset digits = train::read_idx_pair(images, labels);
  CHECK(digits.size() == 300);
  CHECK(digits.inputs().shape() == Shape{300, 1, 2, 3});
  CHECK(digits.inputs().data<float>()[255 * 6] == 1.0f);
  CHECK(digits.inputs().data<float>()[51 * 6 + 5] == 51.0f / 255.0f);
  CHECK(digits.targets().data<std::int64_t>()[13] == 3);

  SECTION("that must agree in their number") {
    write_file(labels, idx_labels(299));
    CHECK_THROWS_WITH(train::read_idx_pair(images, labels), Contains(labels) && Contains("299 labels, but 300 images"));
  }
  SECTION("and be what they are named") {
    CHECK_THROWS_WITH(train::read_idx_pair(labels, labels),
                      Contains("images are uint8 of shape [n, height, width], but here is uint8 [300]"));
    CHECK_THROWS_WITH(train::read_idx_pair(images, images), Contains("labels are uint8 of shape [n]"));
  }
}

TEST_CASE("a folder of both pairs trains on one and tests on the other") {
  TemporaryFolder folder;
  const bool packed = GENERATE(false, true);
  write_pair(folder, "train", 40, packed);
  write_pair(folder, "t10k", 10, !packed);
  const train::Split data = train::read_idx_folder(folder.path());
  CHECK(data.train.size() == 40);
  CHECK(data.test.size() == 10);
}

TEST_CASE("of the t10k pair alone, the first 8,000 train") {
  TemporaryFolder folder;
  write_pair(folder, "t10k", 8100, true);
  const train::Split data = train::read_idx_folder(folder.path());
  CHECK(data.train.size() == 8000);
  CHECK(data.test.size() == 100);
  CHECK(data.test.targets().data<std::int64_t>()[1] == 1);

  write_pair(folder, "t10k", 8000, true);
  CHECK_THROWS_WITH(train::read_idx_folder(folder.path()), Contains("there are 8000 images and no train pair"));
}

TEST_CASE("what is missing from a folder is named") {
  TemporaryFolder folder;
  CHECK_THROWS_WITH(train::read_idx_folder(folder.path()), Contains(folder.path()) &&
                                                               Contains("t10k-images-idx3-ubyte[.gz]") &&
                                                               Contains("t10k-labels-idx1-ubyte[.gz]"));
  CHECK_THROWS_WITH(train::read_idx_folder(folder.file("none")), Contains("there is no such folder"));
  write_pair(folder, "t10k", 10, false);
  write_file(folder.file("train-images-idx3-ubyte"), idx_images(3));
  CHECK_THROWS_WITH(train::read_idx_folder(folder.path()),
                    Contains("train-labels-idx1-ubyte[.gz]") && !Contains("t10k-images-idx3-ubyte[.gz]"));
  CHECK_THROWS_AS(train::read_idx_folder(folder.path()), IoError);
}
