// Nearest names by edit distance, one row of the table at a time.
#include <cairn/core/suggest.h>

#include <algorithm>
#include <vector>

#include <cairn/core/python_text.h>

namespace cairn {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  constexpr std::size_t longest = 256;
  a = a.substr(0, longest);
  b = b.substr(0, longest);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

std::string nearest(std::string_view wanted, std::span<const std::string> names) {
  std::size_t best_distance = std::max<std::size_t>(2, wanted.size() / 3) + 1;
  const std::string* best = nullptr;
  constexpr std::size_t most = 10'000;  // an error message need not compare millions
  for (const std::string& name : names.first(std::min(names.size(), most))) {
    const std::size_t difference =
        name.size() > wanted.size() ? name.size() - wanted.size() : wanted.size() - name.size();
    if (difference >= best_distance) continue;
    const std::size_t distance = edit_distance(wanted, name);
    if (distance < best_distance && distance < std::max(wanted.size(), name.size()))
      best = &name, best_distance = distance;
  }
  return best ? *best : std::string();
}

std::string describe_keys(std::string_view wanted, std::span<const std::string> names) {
  if (names.empty()) return "; there are none";
  if (const std::string near = nearest(wanted, names); !near.empty()) return "; the nearest is " + python_text(near);
  constexpr std::size_t shown = 5;
  std::string text = "; there are ";
  for (std::size_t i = 0; i < std::min(shown, names.size()); ++i) {
    if (i) text += ", ";
    text += python_text(names[i]);
  }
  if (names.size() > shown) text += " and " + std::to_string(names.size() - shown) + " more";
  return text;
}

}  // namespace cairn
