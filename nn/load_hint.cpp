#include <cairn/nn/load_hint.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_set>

#include <cairn/core/error.h>
#include <cairn/core/suggest.h>

namespace cairn::nn {
namespace {

constexpr std::size_t max_suggestions = 5;
constexpr std::size_t max_compared = 200;

/// The first part of the keys, with its dot, if all of them begin with it; else empty.
std::string common_prefix(const std::vector<std::string>& keys) {
  if (keys.empty()) return {};
  const std::size_t dot = keys.front().find('.');
  if (dot == std::string::npos) return {};
  const std::string prefix = keys.front().substr(0, dot + 1);
  const bool all =
      std::all_of(keys.begin(), keys.end(), [&](const std::string& key) { return key.starts_with(prefix); });
  return all ? prefix : std::string();
}

/// How many of `keys` are in `wanted` once `prefix` is taken off; at least how many, where that is more than half.
std::size_t matches_without(const std::string& prefix, const std::vector<std::string>& keys,
                            const std::vector<std::string>& wanted) {
  std::size_t in_order = 0;
  for (std::size_t i = 0; i < std::min(keys.size(), wanted.size()); ++i) {
    in_order += std::string_view(keys[i]).substr(prefix.size()) == wanted[i];
  }
  if (in_order * 2 > keys.size()) return in_order;  // as a rule: no set is needed
  const std::unordered_set<std::string_view> names(wanted.begin(), wanted.end());
  return static_cast<std::size_t>(std::count_if(keys.begin(), keys.end(), [&](const std::string& key) {
    return names.contains(std::string_view(key).substr(prefix.size()));
  }));
}

/// The first number between dots in `key` from `start` on, with what stands before and behind it.
struct Numbered {
  std::string_view before, behind;
  std::int64_t number;
};
std::optional<Numbered> number_in(std::string_view key, std::size_t start) {
  while (start < key.size()) {
    const std::size_t end = std::min(key.find('.', start), key.size());
    Numbered found{key.substr(0, start), key.substr(end), 0};
    const auto [rest, error] = std::from_chars(key.data() + start, key.data() + end, found.number);
    if (error == std::errc() && rest == key.data() + end && found.number >= 0) return found;
    start = end + 1;
  }
  return std::nullopt;
}

/// The lowest number that the keys have right behind `before`; -1 if none has one.
std::int64_t lowest_behind(std::string_view before, const std::vector<std::string>& keys) {
  std::int64_t lowest = -1;
  for (const std::string& key : keys) {
    if (!key.starts_with(before)) continue;
    const auto found = number_in(key, before.size());
    if (found && found->before == before && (lowest < 0 || found->number < lowest)) lowest = found->number;
  }
  return lowest;
}

/// Says so if the numbers of a list begin elsewhere: "layers.1.weight" where the module has "layers.0.weight".
std::string shifted_index(const std::vector<std::string>& missing, const std::vector<std::string>& expected,
                          const std::vector<std::string>& given) {
  std::unordered_set<std::string_view> tried;
  for (std::size_t i = 0; i < std::min(missing.size(), max_suggestions); ++i) {
    for (auto found = number_in(missing[i], 0); found;
         found = number_in(missing[i], missing[i].size() - found->behind.size() + 1)) {
      if (!tried.insert(found->before).second) continue;
      const std::int64_t ours = lowest_behind(found->before, expected), theirs = lowest_behind(found->before, given);
      if (theirs < 0 || ours == theirs) continue;
      const std::unordered_set<std::string_view> names(given.begin(), given.end());
      const auto moved = [&](const Numbered& at) {
        return std::string(at.before) + std::to_string(at.number + theirs - ours) + std::string(at.behind);
      };
      const bool all = std::all_of(expected.begin(), expected.end(), [&](const std::string& key) {
        const auto at = key.starts_with(found->before) ? number_in(key, found->before.size()) : std::nullopt;
        return !at || at->before != found->before || names.contains(moved(*at));
      });
      if (all)
        return text("\"", missing[i], "\" is \"", moved(*found), "\" in the state dict: the numbers after \"",
                    found->before, "\" begin at ", ours, " here and at ", theirs, " there");
    }
  }
  return {};
}

void add_line(std::string& hint, const std::string& line) {
  if (!hint.empty()) hint += '\n';
  hint += line;
}

}  // namespace

std::string load_hint(const std::vector<std::string>& missing, const std::vector<std::string>& unexpected,
                      const std::vector<std::string>& expected, const std::vector<std::string>& given,
                      const std::vector<std::string>& nested) {
  std::string hint;
  if (const std::string prefix = common_prefix(given);
      !prefix.empty() && matches_without(prefix, given, expected) * 2 > given.size()) {
    add_line(
        hint,
        text("every key of the state dict begins with \"", prefix,
             "\": it was saved from a wrapper of this module; take the prefix off the keys, with {.strip_prefix = \"",
             prefix, "\"}"));
    return hint;
  }
  if (const std::string prefix = common_prefix(expected);
      !prefix.empty() && matches_without(prefix, expected, given) * 2 > expected.size()) {
    add_line(hint, text("every key of this module begins with \"", prefix,
                        "\", and none of the state dict does: load it into the module \"",
                        prefix.substr(0, prefix.size() - 1), "\""));
    return hint;
  }
  if (!nested.empty() && missing.size() == expected.size()) {
    add_line(hint, text("the entry '", nested.front(),
                        "' is a dict itself: this may be a whole checkpoint; load that entry"));
    return hint;
  }
  if (const std::string line = shifted_index(missing, expected, given); !line.empty()) {
    add_line(hint, line);
    return hint;
  }
  const std::vector<std::string> candidates(unexpected.begin(),
                                            unexpected.begin() + std::min(unexpected.size(), max_compared));
  for (std::size_t i = 0; i < std::min(missing.size(), max_suggestions); ++i) {
    if (const std::string near = nearest(missing[i], candidates); !near.empty()) {
      add_line(hint, text("\"", missing[i], "\" is missing; the state dict has \"", near, "\""));
    }
  }
  return hint;
}

}  // namespace cairn::nn
