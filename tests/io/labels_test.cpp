#include <cairn/io/labels.h>

#include <string>
#include <vector>

#include <cairn/core/state_dict.h>
#include <cairn/core/tensor.h>

#include "catch.h"

using namespace cairn;
using Names = std::vector<std::string>;

TEST_CASE("a label is the path with dots") {
  const Tensor t = zeros({1});
  const Value tree = {{"model", StateDict({{"fc.weight", t}, {"fc.bias", t}})}, {"list", List{t, 3, t}}};
  CHECK(io::tensor_labels(tree) == Names{"model.fc.weight", "model.fc.bias", "list.0", "list.2"});
}

TEST_CASE("labels that would be alike are told apart, and only those") {
  const Tensor t = zeros({1});
  const Value tree = {{"a.b", t}, {"a", {{"b", t}}}, {"c.d", t}};
  CHECK(io::tensor_labels(tree) == Names{"a\\.b", "a.b", "c.d"});
}

TEST_CASE("a key that looks like an escaped one does not confuse them") {
  const Tensor t = zeros({1});
  const Value tree = {{"a.b", t}, {"a", {{"b", t}}}, {"a\\", {{"b", t}}}, {"c.d", t}};
  CHECK(io::tensor_labels(tree) == Names{"a\\.b", "a.b", "a\\\\.b", "c\\.d"});
}
