#include <cairn/tools/table.h>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace cairn::tools {

namespace {

std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

std::string table(const std::vector<std::vector<std::string>>& rows, const std::vector<Align>& columns) {
  std::vector<std::size_t> widths(columns.size(), 0);
  std::vector<bool> used(columns.size(), false);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (std::size_t column = 0; column < columns.size(); ++column) {
      widths[column] = std::max(widths[column], width_of(rows[row][column]));
      used[column] = used[column] || (row > 0 && !rows[row][column].empty());
    }
  }
  std::string text;
  for (const std::vector<std::string>& row : rows) {
    std::string line;
    for (std::size_t column = 0; column < columns.size(); ++column) {
      if (!used[column]) continue;
      const std::string space(widths[column] - width_of(row[column]), ' ');
      if (!line.empty()) line += "  ";
      line += columns[column] == Align::left ? row[column] + space : space + row[column];
    }
    line.resize(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::array units = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1023.95 && unit + 1 < units.size()) value /= 1024, ++unit;
  return fmt::format("{:.1f} {}", value, units[unit]);
}

}  // namespace cairn::tools
