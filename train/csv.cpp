#include <cairn/train/csv.h>

#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <span>
#include <string_view>
#include <utility>

#include <cairn/core/error.h>
#include <cairn/core/ops.h>
#include <cairn/core/suggest.h>

namespace cairn::train {
namespace {

/// The fields of a text, line by line.
class CsvReader {
 public:
  CsvReader(const std::string& path, std::string_view rest, char delimiter)
      : path_(path), rest_(rest), delimiter_(delimiter) {}

  /// The next line that is not empty into `fields`; false at the end.
  bool next_line(std::vector<std::string>& fields) {
    fields.clear();
    while (take('\n') || take('\r')) {
    }
    if (rest_.empty()) return false;
    line_ = line_at_;
    do fields.push_back(field());
    while (take(delimiter_));
    return true;
  }

  [[noreturn]] void refuse(const std::string& fault) const {
    throw FormatError(text(path_, ": line ", line_, ": ", fault), {.file = path_});
  }

 private:
  bool take(char letter) {
    if (rest_.empty() || rest_.front() != letter) return false;
    if (letter == '\n') ++line_at_;
    rest_.remove_prefix(1);
    return true;
  }

  std::string field() {
    std::string content;
    if (!take('"')) {
      const std::size_t end = std::min(rest_.find_first_of(std::string{delimiter_, '\n', '\r'}), rest_.size());
      content = rest_.substr(0, end);
      rest_.remove_prefix(end);
      return content;
    }
    for (;;) {
      if (rest_.empty()) refuse("a quotation mark opens a field that does not end");
      const char letter = rest_.front();
      take(letter);
      if (letter != '"') {
        content += letter;
      } else if (take('"')) {
        content += '"';  // two stand for one
      } else if (rest_.empty() || rest_.front() == delimiter_ || rest_.front() == '\n' || rest_.front() == '\r') {
        return content;
      } else {
        refuse(text("after a field in quotation marks stands '", rest_.front(), "', not the end of the field"));
      }
    }
  }

  const std::string& path_;
  std::string_view rest_;
  char delimiter_;
  std::int64_t line_ = 1;     // the line that was read
  std::int64_t line_at_ = 1;  // where the rest begins
};

std::string_view trimmed(std::string_view field) {
  while (!field.empty() && (field.front() == ' ' || field.front() == '\t')) field.remove_prefix(1);
  while (!field.empty() && (field.back() == ' ' || field.back() == '\t')) field.remove_suffix(1);
  return field;
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  check<IoError>(file.is_open(), path, ": cannot be opened");
  std::string content;
  std::array<char, 1 << 16> block;
  while (file.read(block.data(), block.size()) || file.gcount() > 0)
    content.append(block.data(), static_cast<std::size_t>(file.gcount()));
  check<IoError>(!file.bad(), path, ": cannot be read");
  return content;
}

}  // namespace

std::int64_t CsvTable::column(const std::string& name) const {
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i] == name) return static_cast<std::int64_t>(i);
  throw KeyError(text("there is no column '", name, "'", describe_keys(name, columns)));
}

CsvTable read_csv(const std::string& path, const CsvOptions& options) {
  const std::string content = content_of(path);
  std::string_view rest = content;
  if (rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3);  // a byte order mark
  CsvReader reader(path, rest, options.delimiter);
  CsvTable table;
  std::vector<std::string> fields;
  if (options.header && reader.next_line(fields)) {
    for (const std::string& name : fields) table.columns.emplace_back(trimmed(name));
  }
  std::vector<double> numbers;
  std::size_t width = table.columns.size();
  std::int64_t rows = 0;
  for (; reader.next_line(fields); ++rows) {
    if (width == 0) width = fields.size();
    if (fields.size() != width) reader.refuse(text(fields.size(), " fields, but the lines before have ", width));
    for (std::size_t i = 0; i < width; ++i) {
      std::string_view field = trimmed(fields[i]);
      if (field.starts_with('+') && !field.starts_with("+-")) field.remove_prefix(1);
      double number = 0;
      const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
      const bool whole = end == field.data() + field.size();
      if (!whole || error != std::errc()) {
        const bool too_far = whole && error == std::errc::result_out_of_range;
        reader.refuse(text("column ", i + 1, table.columns.empty() ? "" : text(" (", table.columns[i], ")"), ": '",
                           fields[i], too_far ? "' is out of float64's range" : "' is no number"));
      }
      numbers.push_back(number);
    }
  }
  table.numbers = from_data(std::span<const double>(numbers), {rows, static_cast<std::int64_t>(width)});
  return table;
}

TensorDataset csv_dataset(const CsvTable& table, const std::string& target, DType target_dtype) {
  return csv_dataset(table, table.column(target), target_dtype);
}

TensorDataset csv_dataset(const CsvTable& table, std::int64_t target, DType target_dtype) {
  const Tensor& numbers = table.numbers;
  const std::int64_t columns = numbers.size(1);
  check<IndexError>(target >= 0 && target < columns, "csv_dataset: column ", target, " was asked for, but there are ",
                    columns, ", numbered from 0");
  const Tensor wanted = numbers.select(1, target).contiguous();
  if (target_dtype == DType::int64) {
    for (const double number : wanted.data<double>())
      check<ValueError>(number == std::floor(number) && std::abs(number) < 1e15, "csv_dataset: ", number,
                        " is no class: classes are whole numbers; for others give DType::float32 as target_dtype");
  }
  const Tensor inputs =
      cat({numbers.narrow(1, 0, target), numbers.narrow(1, target + 1, columns - target - 1)}, 1).to(DType::float32);
  return {inputs, wanted.to(target_dtype)};
}

}  // namespace cairn::train
