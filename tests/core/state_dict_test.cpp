// State dicts: OrderedDict's interface, handles to live numbers, snapshots, printing.
#include <cairn/core/state_dict.h>

#include "catch.h"

#include <utility>
#include <vector>

#include <cairn/core/error.h>
#include <cairn/core/print.h>

#include "devices.h"

using namespace cairn;

namespace {

StateDict numbered(int count) {
  StateDict state;
  for (int i = 0; i < count; ++i) state.set("layer" + std::to_string(i) + ".weight", i);
  return state;
}

}  // namespace

TEST_CASE("Entries keep their order; a known key keeps its place") {
  StateDict state{{"a", 1}, {"b", 2}, {"c", 3}};
  state.set("b", 20);
  state.set("d", 4);
  CHECK(state.keys() == std::vector<std::string>{"a", "b", "c", "d"});
  CHECK(state.value_at("b").as_int() == 20);
  CHECK(state.pop("a").as_int() == 1);
  CHECK(state.keys() == std::vector<std::string>{"b", "c", "d"});
  CHECK(state.contains("c"));
  CHECK(!state.contains("a"));
  CHECK(keys_text(state) == "odict_keys(['b', 'c', 'd'])");
  CHECK(keys_text(StateDict()) == "odict_keys([])");
}

TEST_CASE("Lookup finds every key, however many there are") {
  for (int count : {0, 1, 8, 9, 10, 1000}) {
    CAPTURE(count);
    StateDict state = numbered(count);
    REQUIRE(static_cast<int>(state.size()) == count);
    for (int i = 0; i < count; ++i) REQUIRE(state.value_at("layer" + std::to_string(i) + ".weight").as_int() == i);
    CHECK(!state.contains("layer.weight"));
    CHECK(!state.contains(""));
    for (int i = 0; i < count; i += 2) state.pop("layer" + std::to_string(i) + ".weight");
    for (int i = 0; i < count; ++i) REQUIRE(state.contains("layer" + std::to_string(i) + ".weight") == (i % 2 == 1));
  }
}

TEST_CASE("An absent key is an error that names the nearest") {
  const StateDict state{{"fc1.weight", tensor({1.0f})}, {"fc1.bias", tensor({1.0f})}, {"epoch", 3}};
  CHECK_THROWS_AS(state.at("fc1.wieght"), KeyError);
  CHECK_THROWS_WITH(state.at("fc1.wieght"), "state dict: no key 'fc1.wieght'; the nearest is 'fc1.weight'");
  CHECK_THROWS_WITH(state.at("q"), "state dict: no key 'q'; there are 'fc1.weight', 'fc1.bias', 'epoch'");
  CHECK_THROWS_AS(state.at("epoch"), TypeError);
  StateDict writable = state;
  CHECK_THROWS_AS(writable.pop("nothing.here"), KeyError);
  CHECK(writable.size() == 3);
}

TEST_CASE("Assigning a key rebinds the entry; an in-place operation on it writes the numbers", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor weight = tensor({1.0f, 2.0f}).to(device);
  StateDict state{{"w", weight}};
  state.at("w").fill_(5);
  CHECK(numbers<float>(weight) == std::vector<float>{5, 5});
  state.set("w", tensor({9.0f}));
  CHECK(numbers<float>(weight) == std::vector<float>{5, 5});
  CHECK(to_string(state.at("w")) == "tensor([9.])");
}

TEST_CASE("copy shares the numbers, update takes over entries") {
  StateDict state{{"w", tensor({1.0f})}};
  StateDict copy = state.copy();
  copy.set("extra", 1);
  CHECK(state.size() == 1);
  CHECK(copy.at("w").is_same(state.at("w")));
  state.update(StateDict{{"w", 2}, {"x", 3}});
  CHECK(to_string(Value(state)) == "OrderedDict([('w', 2), ('x', 3)])");
  state.update(state);
  CHECK(state.size() == 2);
}

TEST_CASE("A snapshot owns its numbers; what shared storage shares again", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor base = arange(12, {.dtype = DType::float32, .device = device}).view({3, 4});
  const Tensor column = base.select(1, 2);
  const Tensor alone = tensor({1.0f, 2.0f}).to(device);
  const StateDict state{{"base", base},   {"tied", base},           {"column", column},
                        {"alone", alone}, {"list", List{base.t()}}, {"n", 7}};

  const StateDict snapshot = state.snapshot();
  CHECK(to_string(Value(snapshot)) == to_string(Value(state)));
  CHECK(snapshot.keys() == state.keys());
  CHECK(!snapshot.at("base").shares_storage(base));
  CHECK(snapshot.at("tied").is_same(snapshot.at("base")));
  CHECK(snapshot.at("column").shares_storage(snapshot.at("base")));
  CHECK(snapshot.value_at("list")[0].as_tensor().shares_storage(snapshot.at("base")));
  CHECK(!snapshot.at("alone").shares_storage(snapshot.at("base")));
  CHECK(snapshot.at("column").strides() == column.strides());

  CHECK(snapshot.at("column").device() == device);

  base.fill_(-1);
  CHECK(snapshot.at("base").select(0, 0).select(0, 1).item() == 1);
  snapshot.at("column").fill_(50);
  CHECK(numbers<float>(snapshot.at("base").select(0, 1)) == std::vector<float>{4, 5, 50, 7});
}

TEST_CASE("A snapshot holds all that its views look at, whichever comes first", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor base = arange(10).to(device);
  const StateDict state{{"end", base.narrow(0, 6, 3)}, {"start", base.narrow(0, 1, 2)}};
  const StateDict snapshot = state.snapshot();
  CHECK(numbers<std::int64_t>(snapshot.at("start")) == std::vector<std::int64_t>{1, 2});
  CHECK(numbers<std::int64_t>(snapshot.at("end")) == std::vector<std::int64_t>{6, 7, 8});
  CHECK(snapshot.at("end").shares_storage(snapshot.at("start")));
}

TEST_CASE("A snapshot of a small view does not keep the whole storage", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor large = zeros({1000, 1000}, {.device = device});
  const StateDict state{{"corner", large.narrow(0, 500, 2).narrow(1, 3, 4)}};
  const Tensor copy = state.snapshot().at("corner");
  CHECK(copy.shape() == Shape{2, 4});
  CHECK(copy.storage_offset() == 0);
  CHECK(copy.strides() == Shape{1000, 1});
}

TEST_CASE("A snapshot keeps requires_grad, empty tensors and metadata") {
  Tensor weight = ones({2});
  weight.requires_grad_();
  StateDict state{{"w", weight}, {"empty", zeros({0, 3})}};
  state.metadata().set("", {{"version", 2}});
  const StateDict snapshot = state.snapshot();
  CHECK(snapshot.at("w").requires_grad());
  CHECK(snapshot.at("empty").shape() == Shape{0, 3});
  CHECK(snapshot.metadata().at("")["version"].as_int() == 2);
}

TEST_CASE("Metadata travels with the dict and is empty in a new one") {
  StateDict state;
  CHECK(std::as_const(state).metadata().empty());
  state.metadata().set("bn", {{"version", 2}});
  const StateDict copy = state;
  CHECK(copy.metadata().at("bn")["version"].as_int() == 2);
  CHECK(copy.empty());
}

TEST_CASE("A state dict prints as a notebook shows an OrderedDict") {
  CHECK(to_string(StateDict()) == "OrderedDict()");
  CHECK(to_string(StateDict{{"weight", tensor({1.0f, 2.0f})}, {"bias", scalar_tensor(3, {.dtype = DType::int64})}}) ==
        "OrderedDict([('weight', tensor([1., 2.])), ('bias', tensor(3))])");

  const std::vector<float> weight = {0.4732f, 0.4301f, 0.1034f, 0.3597f, 0.1872f, -0.0266f};
  const StateDict state{
      {"fc1.weight", from_data(std::span<const float>(weight), {2, 3})},
      {"fc1.bias", tensor({-0.2967f, 0.3656f})},
      {"fc2.weight", from_data(std::span<const float>(std::vector<float>{0.5535f, -0.5524f}), {1, 2})},
      {"fc2.bias", tensor({0.1616f})}};
  CHECK(to_string(state) ==
        "OrderedDict([('fc1.weight',\n"
        "              tensor([[ 0.4732,  0.4301,  0.1034],\n"
        "                      [ 0.3597,  0.1872, -0.0266]])),\n"
        "             ('fc1.bias', tensor([-0.2967,  0.3656])),\n"
        "             ('fc2.weight', tensor([[ 0.5535, -0.5524]])),\n"
        "             ('fc2.bias', tensor([0.1616]))])");
}

TEST_CASE("An entry moves to the next line only when it would pass column 79") {
  // 13 columns, "('", the name, "', ", the tensor and "),": exactly 79, then 80.
  const Tensor value = tensor({1.0f});  // "tensor([1.])", 12 columns
  const std::string fits(79 - 13 - 2 - 3 - 12 - 2, 'n');
  const StateDict wide{{fits, value}, {fits + "n", value}, {"last", value}};
  CHECK(to_string(wide) == "OrderedDict([('" + fits + "', tensor([1.])),\n             ('" + fits +
                               "n',\n              tensor([1.])),\n" + "             ('last', tensor([1.]))])");
}

TEST_CASE("Containers in a state dict are laid out, too") {
  List numbers;
  for (int i = 0; i < 40; ++i) numbers.items.push_back(i);
  std::string column;
  for (int i = 0; i < 40; ++i) column += (i ? ",\n                " : "") + std::to_string(i);
  const StateDict state{{"a", List{numbers, {{"key", Tuple{1}}}}},
                        {"b", StateDict()},
                        {"c", StateDict{{"weight", tensor({1.0f, 0.0f})}, {"n", nullptr}}}};
  CHECK(to_string(state) == "OrderedDict([('a',\n              [[" + column +
                                "],\n               {'key': (1,)}]),\n             ('b', OrderedDict()),\n"
                                "             ('c', OrderedDict([('weight', tensor([1., 0.])), ('n', None)]))])");
}

TEST_CASE("Of more than 1000 entries a state dict shows 1000, as a notebook does") {
  StateDict state;
  for (int i = 0; i < 1000; ++i) state.set("w" + std::to_string(i), i);
  CHECK(to_string(state).ends_with("\n             ('w999', 999)])"));
  state.set("last", 0);
  CHECK(to_string(state).ends_with("\n             ('w999', 999),\n             ...])"));
  CHECK(to_string(Value(state)).ends_with(", ('w999', 999), ('last', 0)])"));  // Python's repr shows all
}

TEST_CASE("An entry of a state dict that is about to go stays good") {
  const auto made = [] { return StateDict{{"weight", ones({2})}, {"epoch", 3}}; };
  const Tensor& weight = made().at("weight");
  const Value& epoch = made().value_at("epoch");
  CHECK(weight.numel() == 2);
  CHECK(epoch.as_int() == 3);
}
