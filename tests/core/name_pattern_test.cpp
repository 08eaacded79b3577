#include <cairn/core/name_pattern.h>

#include <tuple>

#include <cairn/core/error.h>

#include "catch.h"

using namespace cairn;

TEST_CASE("a star stands for any letters and a question mark for one") {
  const std::tuple<const char*, const char*, bool> cases[] = {{"", "", true},
                                                              {"*", "", true},
                                                              {"", "a", false},
                                                              {"a.b", "a.b", true},
                                                              {"a.b", "a.bc", false},
                                                              {"a.*", "a.b.c", true},
                                                              {"a.*", "a", false},
                                                              {"*.bias", "x.y.bias", true},
                                                              {"*.bias", "bias", false},
                                                              {"a*b*c", "aXbXbc", true},
                                                              {"a*b*c", "aXcb", false},
                                                              {"l?.w", "l1.w", true},
                                                              {"l?.w", "l10.w", false},
                                                              {"**", "abc", true},
                                                              {"*a", "aaab", false},
                                                              {"*ab", "aaab", true}};
  for (const auto& [pattern, name, expected] : cases) {
    CAPTURE(pattern, name);
    CHECK(matches(pattern, name) == expected);
  }
  CHECK(matches_any({"x", "a*"}, "ab"));
  CHECK_FALSE(matches_any({}, "ab"));
}

TEST_CASE("a rule renames what it matches, each star becoming what it took") {
  const std::tuple<RenameRule, const char*, std::optional<std::string>> cases[] = {
      {{"fc.weight", "head.weight"}, "fc.weight", "head.weight"},
      {{"fc.weight", "head.weight"}, "fc.weights", std::nullopt},
      {{"encoder.*", "body.*"}, "encoder.0.weight", "body.0.weight"},
      {{"encoder.*", "body.*"}, "decoder.0.weight", std::nullopt},
      {{"*", "net.*"}, "a", "net.a"},
      {{"module.*", "*"}, "module.a.b", "a.b"},
      {{"*.gamma", "*.weight"}, "bn.gamma.gamma", "bn.gamma.weight"},
      {{"layers.*.fc*.weight", "blocks.*.linear*.w"}, "layers.3.fc2.weight", "blocks.3.linear2.w"},
      {{"a*b*c", "*-*"}, "aXbYbc", "X-Yb"},
      {{"a*a", "*"}, "a", std::nullopt}};
  for (const auto& [rule, name, expected] : cases) {
    CAPTURE(rule.from, rule.to, name);
    CHECK(renamed(rule, name) == expected);
  }
}

TEST_CASE("a rule has as many stars on one side as on the other") {
  CHECK_NOTHROW(check_rule({"a.*", "b.*"}));
  CHECK_THROWS_AS(check_rule({"a.*", "b"}), ValueError);
  CHECK_THROWS_AS(check_rule({"a?", "b?"}), ValueError);
}
