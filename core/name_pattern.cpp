#include <cairn/core/name_pattern.h>

#include <algorithm>

#include <cairn/core/error.h>

namespace cairn {

bool matches(std::string_view pattern, std::string_view name) {
  // The last "*" alone is ever given more letters: linear for one "*", at worst the product of the lengths.
  std::size_t p = 0, n = 0, star = pattern.npos, taken = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      taken = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != pattern.npos) {
      p = star + 1;
      n = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == pattern.npos;
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) { return matches(pattern, name); });
}

void check_rule(const RenameRule& rule) {
  check<ValueError>(
      std::count(rule.from.begin(), rule.from.end(), '*') == std::count(rule.to.begin(), rule.to.end(), '*') &&
          (rule.from + rule.to).find('?') == std::string::npos,
      "rename: \"", rule.from, "\" -> \"", rule.to,
      "\": expected as many \"*\" on one side as on the other, and no \"?\"");
}

std::optional<std::string> renamed(const RenameRule& rule, std::string_view name) {
  std::string_view from = rule.from, to = rule.to;
  std::string result;
  const auto take_literal = [&] {  // of both sides, up to the next star
    const std::size_t star = std::min(from.find('*'), from.size()), to_star = std::min(to.find('*'), to.size());
    if (!name.starts_with(from.substr(0, star))) return false;
    name.remove_prefix(star);
    from.remove_prefix(star);
    result += to.substr(0, to_star);
    to.remove_prefix(to_star);
    return true;
  };
  if (!take_literal()) return std::nullopt;
  while (!from.empty()) {  // it begins with a star
    from.remove_prefix(1);
    to.remove_prefix(1);
    const std::string_view literal = from.substr(0, from.find('*'));
    const bool last = literal.size() == from.size();
    if (last && name.size() < literal.size()) return std::nullopt;
    const std::size_t taken = last ? name.size() - literal.size() : name.find(literal);
    if (taken == name.npos) return std::nullopt;
    result += name.substr(0, taken);
    name.remove_prefix(taken);
    if (!take_literal()) return std::nullopt;
  }
  if (!name.empty()) return std::nullopt;
  return result;
}

}  // namespace cairn
