#include <cairn/nn/load_hint.h>

#include <algorithm>
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

/// How many of `keys` are in `wanted` once `prefix` is taken off.
std::size_t matches_without(const std::string& prefix, const std::vector<std::string>& keys,
                            const std::vector<std::string>& wanted) {
  const std::unordered_set<std::string_view> names(wanted.begin(), wanted.end());
  return static_cast<std::size_t>(std::count_if(keys.begin(), keys.end(), [&](const std::string& key) {
    return names.contains(std::string_view(key).substr(prefix.size()));
  }));
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
    add_line(hint, text("every key of the state dict begins with \"", prefix,
                        "\": it was saved from a wrapper of this module; take the prefix off the keys"));
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
