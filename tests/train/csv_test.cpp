#include <cairn/train/csv.h>

#include <fstream>

#include <cairn/core/ops.h>

#include "catch.h"
#include "devices.h"
#include "temporary_folder.h"

using namespace cairn;
using Catch::Matchers::Contains;

namespace {

std::string write(const TemporaryFolder& folder, const std::string& content) {
  const std::string path = folder.file("table.csv");
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

}  // namespace

TEST_CASE("a table is read with its names, quotation marks, empty lines and any ends of lines") {
  const TemporaryFolder folder;
  const std::string path =
      write(folder, "\xef\xbb\xbf+petal,\"the \"\"name\"\"\", species \r\n1.5,\"2e1\",0\r\n\r\n +3 ,-4,1e-310");
  const train::CsvTable table = train::read_csv(path);
  CHECK(table.columns == std::vector<std::string>{"+petal", "the \"name\"", "species"});
  CHECK(table.numbers.shape() == Shape{2, 3});
  CHECK(numbers<double>(table.numbers) == std::vector<double>{1.5, 20, 0, 3, -4, 1e-310});
  CHECK(table.column("species") == 2);
  CHECK_THROWS_WITH(table.column("specie"), Contains("nearest is 'species'"));
}

TEST_CASE("a table without header, and with another delimiter") {
  const TemporaryFolder folder;
  const train::CsvTable table = train::read_csv(write(folder, "1;2\n3;4\n"), {.header = false, .delimiter = ';'});
  CHECK(table.columns.empty());
  CHECK(numbers<double>(table.numbers) == std::vector<double>{1, 2, 3, 4});
  CHECK(train::read_csv(write(folder, "")).numbers.shape() == Shape{0, 0});
  CHECK(train::read_csv(write(folder, "a,b\n")).numbers.shape() == Shape{0, 2});
}

TEST_CASE("what is no table of numbers is refused with its line") {
  const TemporaryFolder folder;
  const auto fault_of = [&](const std::string& content) {
    try {
      train::read_csv(write(folder, content));
    } catch (const FormatError& error) {
      return error.message();
    }
    return std::string("none");
  };
  CHECK_THAT(fault_of("a,b\n1,2\n\n3\n"), Contains("line 4: 1 fields, but the lines before have 2"));
  CHECK_THAT(fault_of("a,b\n1,two\n"), Contains("line 2: column 2 (b): 'two' is no number"));
  CHECK_THAT(fault_of("a,b\n1,\n"), Contains("column 2 (b): '' is no number"));
  for (const std::string field : {"+-5", "-+5", "++5", "+", "-", "1e"})
    CHECK_THAT(fault_of("a\n" + field), Contains("line 2: column 1 (a): '" + field + "' is no number"));
  for (const std::string field : {"1e999", "-1e999", "1e-400"})
    CHECK_THAT(fault_of("a\n" + field), Contains("line 2: column 1 (a): '" + field + "' is out of float64's range"));
  CHECK_THAT(fault_of("a\n\"1\n"), Contains("line 2: a quotation mark opens a field that does not end"));
  CHECK_THAT(fault_of("a,b\n\"1\"2,3\n"), Contains("line 2: after a field in quotation marks stands '2'"));
  CHECK_THROWS_AS(train::read_csv(folder.file("absent.csv")), IoError);
  CHECK_THROWS_AS(train::read_csv(folder.path()), IoError);
}

TEST_CASE("a column becomes the targets, as classes or as numbers") {
  const TemporaryFolder folder;
  const train::CsvTable table = train::read_csv(write(folder, "x,label,y\n1,0,2\n3,2,4\n"));
  const train::TensorDataset classes = train::csv_dataset(table, "label");
  CHECK(numbers<float>(classes.inputs()) == std::vector<float>{1, 2, 3, 4});
  CHECK(numbers<std::int64_t>(classes.targets()) == std::vector<std::int64_t>{0, 2});
  const train::TensorDataset values = train::csv_dataset(table, 2, DType::float32);
  CHECK(numbers<float>(values.targets()) == std::vector<float>{2, 4});
  CHECK(values.inputs().shape() == Shape{2, 2});
  CHECK_THROWS_AS(train::csv_dataset(table, 3), IndexError);
  CHECK_THROWS_AS(train::csv_dataset(table, "colour"), KeyError);
  const train::CsvTable halves = train::read_csv(write(folder, "x,y\n1,0.5\n"));
  CHECK_THROWS_WITH(train::csv_dataset(halves, "y"), Contains("0.5 is no class"));
}
