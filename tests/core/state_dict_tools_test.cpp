// Choosing, renaming, merging and averaging state dicts.
#include <cairn/core/state_dict_tools.h>

#include <array>

#include <cairn/core/error.h>
#include <cairn/core/ops.h>

#include "catch.h"
#include "devices.h"

using namespace cairn;

namespace {

using Keys = std::vector<std::string>;

StateDict sample(float value) {
  StateDict state = {{"a.weight", full({2}, value)},
                     {"a.count", full({}, static_cast<double>(value), {.dtype = DType::int64})},
                     {"b.c.weight", full({1}, 10 * value)}};
  state.metadata() = {{"", Dict{{"version", 1}}}, {"a", Dict{{"version", 2}}}, {"b.c", Dict{{"version", 3}}}};
  return state;
}

std::string metadata_of(const StateDict& state) { return to_string(Value(state.metadata())); }

float first(const StateDict& state, const char* key) { return static_cast<float>(state.at(key).flatten()[0].item()); }

}  // namespace

TEST_CASE("entries are chosen by pattern or by what they are, and stay the same numbers") {
  const StateDict state = sample(1);
  const StateDict a = filter(state, {.only = {"a.*"}});
  CHECK(a.keys() == Keys{"a.weight", "a.count"});
  CHECK(a.at("a.weight").is_same(state.at("a.weight")));
  CHECK(filter(state, {.except = {"*.weight"}}).keys() == Keys{"a.count"});
  CHECK(filter(state, [](const std::string&, const Value& value) {
          return is_floating_point(value.as_tensor().dtype());
        }).keys() == Keys{"a.weight", "b.c.weight"});
  CHECK(metadata_of(a) == metadata_of(state));
}

TEST_CASE("entries are renamed, and the versions go with them") {
  const StateDict state = rename(sample(1), {{"a.count", "total"}, {"b.*", "body.*"}});
  CHECK(state.keys() == Keys{"a.weight", "total", "body.c.weight"});
  CHECK(state.metadata().at("body.c")["version"].as_int() == 3);
  CHECK(rename(sample(1), [](const std::string& key) { return "x." + key; }).metadata().at("x.a")["version"].as_int() ==
        2);
  CHECK_THROWS_WITH(rename(sample(1), {{"z.*", "y.*"}}),
                    Catch::Matchers::Contains("rename: no key of the state dict matches 'z.*'"));
  CHECK_THROWS_WITH(rename(sample(1), {{"a.count", "a.weight"}}),
                    "rename: two keys would be named 'a.weight', one of them 'a.count'");
}

TEST_CASE("a prefix is added and taken off, from the metadata too") {
  const StateDict state = sample(1), wrapped = add_prefix(state, "module.");
  CHECK(wrapped.keys() == Keys{"module.a.weight", "module.a.count", "module.b.c.weight"});
  CHECK(metadata_of(wrapped) == "{'module': {'version': 1}, 'module.a': {'version': 2}, 'module.b.c': {'version': 3}}");
  const StateDict stripped = strip_prefix(wrapped, "module.");
  CHECK(stripped.keys() == state.keys());
  CHECK(metadata_of(stripped) == metadata_of(state));
  StateDict in_place{{"other", zeros({1})}};
  for (const auto& [key, value] : wrapped) in_place.set(key, value);
  consume_prefix_in_state_dict_if_present(in_place, "module.");
  CHECK(in_place.keys() == Keys{"other", "a.weight", "a.count", "b.c.weight"});
  in_place = {{"module.x", 1}, {"y", 2}, {"module.z", 3}};
  consume_prefix_in_state_dict_if_present(in_place, "module.");
  CHECK(in_place.keys() == Keys{"y", "x", "z"});
  CHECK(to_string(in_place.value_at("z")) == "3");
  CHECK_THROWS_AS(strip_prefix({{"x", 1}, {"p.x", 2}}, "p."), KeyError);
}

TEST_CASE("two dicts are merged, and the report says what came from where") {
  StateDict a = sample(1), b = sample(3);
  b.set("d", zeros({1}));
  a.set("e", zeros({1}));
  struct Expected {
    OnClash on_clash;
    float weight;
    Keys from_first, from_second, averaged;
  };
  const Expected table[] = {{OnClash::first, 1, {"a.weight", "a.count", "b.c.weight", "e"}, {"d"}, {}},
                            {OnClash::second, 3, {"e"}, {"a.weight", "a.count", "b.c.weight", "d"}, {}},
                            {OnClash::average, 2, {"a.count", "e"}, {"d"}, {"a.weight", "b.c.weight"}}};
  for (const Expected& expected : table) {
    const Merged merged = merge(a, b, {.on_clash = expected.on_clash});
    CHECK(merged.state.keys() == Keys{"a.weight", "a.count", "b.c.weight", "e", "d"});
    CHECK(first(merged.state, "a.weight") == expected.weight);
    CHECK(merged.from_first == expected.from_first);
    CHECK(merged.from_second == expected.from_second);
    CHECK(merged.averaged == expected.averaged);
    CHECK(merged.clashes == Keys{"a.weight", "a.count", "b.c.weight"});
  }
  CHECK_THROWS_WITH(
      merge(a, b),
      "merge: keys that clash; `on_clash` says which to take:\n\t\"a.weight\": both have it\n\t\"a.count\": "
      "both have it\n\t\"b.c.weight\": both have it");
  CHECK(first(a, "a.weight") == 1);
}

TEST_CASE("what differs in shape or dtype is never averaged") {
  StateDict a = sample(1), b = sample(3);
  b.set("a.weight", zeros({3}));
  b.set("b.c.weight", zeros({1}, {.dtype = DType::float64}));
  CHECK_THROWS_WITH(
      merge(a, b, {.on_clash = OnClash::average}),
      "merge: entries that cannot be averaged:\n\t\"a.weight\": shapes [2] and [3]\n\t\"b.c.weight\": dtypes "
      "float32 and float64");
  CHECK(merge(a, b, {.on_clash = OnClash::second}).state.at("a.weight").shape() == Shape{3});
  CHECK_THROWS_AS(lerp(a, b, 0.5), StateDictError);
}

TEST_CASE("models are averaged with weights, in float64, and keep their dtype", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  std::array<StateDict, 3> states;
  for (int i = 0; i < 3; ++i) {
    states[static_cast<std::size_t>(i)] = {{"w", full({2}, i == 0 ? 1e8 : i, {.device = device})},
                                           {"h", full({1}, i, {.dtype = DType::bfloat16, .device = device})},
                                           {"n", full({}, i, {.dtype = DType::int64, .device = device})}};
  }
  const StateDict mean = average(states);
  CHECK(mean.at("w").dtype() == DType::float32);
  CHECK(mean.at("w").device() == device);
  CHECK(numbers<float>(mean.at("w"))[0] == static_cast<float>((1e8 + 3) / 3));
  CHECK(mean.at("h").dtype() == DType::bfloat16);
  CHECK(mean.at("h").item() == 1);
  CHECK(mean.at("n").item_int64() == 0);
  const std::array<double, 3> weights = {0, 0.25, 0.75};
  CHECK(average(states, weights).at("w").select(0, 0).item() == 1.75);
  CHECK(lerp(states[1], states[2], 0.5).at("w").select(0, 0).item() == 1.5);
  CHECK(lerp(states[1], states[2], 2).at("h").item() == 3);
  states[2].set("x", zeros({1}));
  states[1].pop("n");
  CHECK_THROWS_WITH(average(states),
                    "average: the state dicts do not fit each other:\n\t\"n\": missing in number 1\n\t\"x\": only in "
                    "number 2");
  CHECK_THROWS_AS(average({}), ValueError);
  CHECK_THROWS_AS(average(states, std::array<double, 1>{1}), ValueError);
}
