// Patterns of names: "*" stands for any letters, also dots and none; "?" for one letter. All else is itself.
//
//   matches("encoder.*", "encoder.0.weight")                          a glob
//   rename({"encoder.*", "body.*"}, "encoder.0.weight")               "body.0.weight"
//   rename({"fc.weight", "head.weight"}, "fc.weight")                 "head.weight": a name without "*" is exact
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cairn {

bool matches(std::string_view pattern, std::string_view name);
bool matches_any(const std::vector<std::string>& patterns, std::string_view name);

/// A name, or a pattern of names, and what they become. Each "*" of `to` stands for what the same "*" of `from` took,
/// the first of which take as little as they can; `from` has no "?".
struct RenameRule {
  std::string from, to;
};

/// Throws ValueError for a rule whose sides have not as many "*" each, or with "?" in it.
void check_rule(const RenameRule& rule);

/// The name under a rule; nothing if the rule does not match it.
std::optional<std::string> renamed(const RenameRule& rule, std::string_view name);

}  // namespace cairn
