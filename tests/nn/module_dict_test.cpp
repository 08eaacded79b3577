#include <cairn/nn/module_dict.h>

#include <cairn/core/ops.h>
#include <cairn/nn/linear.h>
#include <cairn/nn/relu.h>
#include <cairn/nn/tanh.h>

#include "catch.h"
#include "models.h"

using namespace cairn;

using Names = std::vector<std::string>;

TEST_CASE("a dictionary of modules keeps them in the order in which they were added") {
  nn::ModuleDict dict{{"b", nn::ReLU()}, {"a", nn::make<nn::Linear>(2, 2)}};
  CHECK(dict.keys() == Names{"b", "a"});
  CHECK(dict.size() == 2);
  CHECK(dict.values()[0].get() == &dict["b"]);
  CHECK(dict.items()[1].first == "a");
  CHECK(dict.contains("a"));
  CHECK_FALSE(dict.contains("c"));
  CHECK(dict.state_dict().keys() == Names{"a.weight", "a.bias"});
  CHECK(to_string(dict) == "ModuleDict(\n  (b): ReLU()\n  (a): Linear(in_features=2, out_features=2, bias=True)\n)");
}

TEST_CASE("a key that is there keeps its place when its module is replaced") {
  nn::ModuleDict dict{{"x", nn::ReLU()}, {"y", nn::ReLU()}};
  dict.set("x", nn::Tanh());
  dict.update({{"z", nn::ReLU()}, {"y", nn::Tanh()}});
  CHECK(dict.keys() == Names{"x", "y", "z"});
  CHECK(dict["x"].name() == "Tanh");
  CHECK(dict["y"].name() == "Tanh");
  nn::ModuleDict other;
  other.update(dict);
  CHECK(&other["z"] == &dict["z"]);
}

TEST_CASE("modules are taken out by name, or all") {
  nn::ModuleDict dict{{"x", nn::ReLU()}, {"y", nn::Tanh()}};
  CHECK(dict.pop("x")->name() == "ReLU");
  CHECK(dict.keys() == Names{"y"});
  dict.clear();
  CHECK(dict.empty());
  CHECK(to_string(dict) == "ModuleDict()");
}

TEST_CASE("a key that is not there is named, with the nearest that is") {
  nn::ModuleDict dict{{"encoder", nn::ReLU()}};
  CHECK_THROWS_AS(dict["encodr"], KeyError);
  CHECK_THROWS_WITH(dict.pop("encodr"), Catch::Matchers::Contains("'encoder'"));
  CHECK_THROWS_WITH(dict.set("a.b", nn::ReLU()),
                    Catch::Matchers::StartsWith("module name can't contain \".\", got: a.b"));
  CHECK(dict.keys() == Names{"encoder"});
}

TEST_CASE("a copy of a dictionary has modules of its own") {
  const nn::ModuleDict dict{{"fc", nn::Linear(1, 1)}};
  const nn::ModuleDict copy = dict;
  CHECK(copy.keys() == dict.keys());
  CHECK_FALSE(&copy["fc"] == &dict["fc"]);
}
