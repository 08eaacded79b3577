// Value: the tree a checkpoint is made of.
#include <cairn/core/value.h>

#include "catch.h"

#include <cstdint>
#include <limits>
#include <utility>

#include <cairn/core/error.h>
#include <cairn/core/print.h>
#include <cairn/core/state_dict.h>

using namespace cairn;
using Catch::Matchers::Contains;
using Kind = Value::Kind;

namespace {

Bytes bytes(std::string_view text) {
  Bytes made;
  for (char c : text) made.data.push_back(static_cast<std::byte>(c));
  return made;
}

Value nested_lists(int depth) {
  Value value = 1;
  for (int i = 0; i < depth; ++i) {
    List list;
    list.items.push_back(std::move(value));
    value = std::move(list);
  }
  return value;
}

}  // namespace

TEST_CASE("A value knows its kind by the name Python gives it") {
  struct Row {
    Value value;
    Kind kind;
    const char* name;
  };
  const Row rows[] = {{{}, Kind::none, "NoneType"},
                      {nullptr, Kind::none, "NoneType"},
                      {true, Kind::boolean, "bool"},
                      {3, Kind::integer, "int"},
                      {0.5, Kind::floating, "float"},
                      {0.5f, Kind::floating, "float"},
                      {std::complex<double>(1, 2), Kind::complex, "complex"},
                      {"text", Kind::text, "str"},
                      {std::string("text"), Kind::text, "str"},
                      {bytes("ab"), Kind::bytes, "bytes"},
                      {BigInteger::from_decimal("18446744073709551616"), Kind::big_integer, "int"},
                      {List{1}, Kind::list, "list"},
                      {Tuple{1}, Kind::tuple, "tuple"},
                      {Set{1}, Kind::set, "set"},
                      {{{"a", 1}}, Kind::dict, "dict"},
                      {StateDict(), Kind::state_dict, "OrderedDict"},
                      {tensor({1.0f}), Kind::tensor, "Tensor"}};
  for (const Row& row : rows) {
    CHECK(row.value.kind() == row.kind);
    CHECK(name(row.value.kind()) == row.name);
  }
}

TEST_CASE("A value prints as Python's repr") {
  struct Row {
    Value value;
    const char* repr;
  };
  const Row rows[] = {{{}, "None"},
                      {true, "True"},
                      {false, "False"},
                      {-3, "-3"},
                      {std::numeric_limits<std::int64_t>::min(), "-9223372036854775808"},
                      {std::numeric_limits<std::uint64_t>::max(), "18446744073709551615"},
                      {0.01, "0.01"},
                      {1e-8, "1e-08"},
                      {1.0, "1.0"},
                      {1e20, "1e+20"},
                      {"it's", "\"it's\""},
                      {bytes(std::string_view("a\0", 2)), "b'a\\x00'"},
                      {std::complex<double>(1, 2), "(1+2j)"},
                      {std::complex<double>(0, -1.5), "-1.5j"},
                      {std::complex<double>(-0.0, 1), "(-0+1j)"},
                      {std::complex<double>(1.5, -0.0), "(1.5-0j)"},
                      {std::complex<double>(1e20, 1), "(1e+20+1j)"},
                      {List{}, "[]"},
                      {List{1, "a"}, "[1, 'a']"},
                      {Tuple{}, "()"},
                      {Tuple{2}, "(2,)"},
                      {Tuple{1, 2}, "(1, 2)"},
                      {Set{}, "set()"},
                      {Set{1, 2}, "{1, 2}"},
                      {Dict(), "{}"},
                      {{{"a", 1}, {2, "b"}}, "{'a': 1, 2: 'b'}"},
                      {StateDict(), "OrderedDict()"},
                      {tensor({1.0f, 2.5f}), "tensor([1.0000, 2.5000])"},
                      {StateDict{{"w", tensor({1.0f})}, {"n", 3}}, "OrderedDict([('w', tensor([1.])), ('n', 3)])"}};
  for (const Row& row : rows) CHECK(to_string(row.value) == row.repr);

  const Value all = {{"epoch", 3},   {"loss", 0.125}, {"t", Tuple{2}},
                     {"n", nullptr}, {"b", true},     {"l", List{1e-8, 1.0, 1e20}},
                     {"s", "it's"}};
  CHECK(to_string(all) ==
        "{'epoch': 3, 'loss': 0.125, 't': (2,), 'n': None, 'b': True, 'l': [1e-08, 1.0, 1e+20], 's': \"it's\"}");
}

TEST_CASE("Braces with keys are a dict, also nested") {
  const Value value = {{"a", 1}, {"b", {{"c", 2}, {"d", List{1, 2}}}}};
  REQUIRE(value.is(Kind::dict));
  CHECK(value["b"].is(Kind::dict));
  CHECK(value.at("b", "d", 1).as_int() == 2);
  CHECK(value["b"].size() == 2);
}

TEST_CASE("Typed access takes what Python would take, and says what it found otherwise") {
  CHECK(Value(3).as_int() == 3);
  CHECK(Value(true).as_int() == 1);
  CHECK(Value(3).as_float() == 3.0);
  CHECK(Value(true).as_float() == 1.0);
  CHECK(Value(2.5).as_complex() == std::complex<double>(2.5, 0));
  CHECK(Value("abc").as_text() == "abc");
  CHECK_THROWS_WITH(Value("abc").as_int(), "value: expected int, found str 'abc'");
  CHECK_THROWS_WITH(Value(2.5).as_int(), "value: expected int, found float 2.5");
  CHECK_THROWS_WITH(Value(1).as_bool(), "value: expected bool, found int 1");
  CHECK_THROWS_WITH(Value().as_tensor(), "value: expected Tensor, found None");
  CHECK_THROWS_WITH(Value(List{1, 2}).as_dict(), "value: expected dict, found list of 2 items");
  CHECK_THROWS_WITH(Value(tensor({1.0f})).as_text(), "value: expected str, found Tensor of shape [1]");
  CHECK_THROWS_AS(Value(std::numeric_limits<std::uint64_t>::max()).as_int(), TypeError);
  CHECK_THROWS_AS(Value(1).items(), TypeError);
  CHECK_THROWS_WITH(Value(1).size(), "object of type 'int' has no len()");
}

TEST_CASE("Lists and tuples take indices, negative ones from the end") {
  const Value list = List{10, 20, 30};
  CHECK(list[0].as_int() == 10);
  CHECK(list[-1].as_int() == 30);
  CHECK(Value(Tuple{1, 2})[1].as_int() == 2);
  CHECK_THROWS_AS(list[3], IndexError);
  CHECK_THROWS_WITH(list[-4], "value[-4]: index out of range for list of 3 items");
  CHECK_THROWS_WITH(list["a"], "value['a']: a list takes an integer, not text");
  Value writable = list;
  writable[1] = "changed";
  CHECK(to_string(writable) == "[10, 'changed', 30]");
  CHECK(to_string(list) == "[10, 20, 30]");
}

TEST_CASE("A path names the place where it breaks off, and the nearest key") {
  const Value run = {{"model", StateDict{{"fc1.weight", tensor({1.0f})}}},
                     {"optimizer", {{"param_groups", List{{{"lr", 0.1}}}}}}};
  CHECK(run.at("optimizer", "param_groups", 0, "lr").as_float() == 0.1);
  CHECK(run.at("model", "fc1.weight").as_tensor().numel() == 1);
  CHECK_THROWS_AS(run["modle"], KeyError);
  CHECK_THROWS_WITH(run["modle"], "value['modle']: no such key; the nearest is 'model'");
  CHECK_THROWS_WITH(run.at("model", "fc1.wieght"),
                    "value['model']['fc1.wieght']: no such key; the nearest is 'fc1.weight'");
  CHECK_THROWS_WITH(run["zzz"], "value['zzz']: no such key; there are 'model', 'optimizer'");
  CHECK_THROWS_WITH(run.at("optimizer", "param_groups", 1, "lr"),
                    "value['optimizer']['param_groups'][1]: index out of range for list of 1 item");
  CHECK_THROWS_WITH(run.at("optimizer", "param_groups", 0, "lr", "x"),
                    "value['optimizer']['param_groups'][0]['lr']['x']: expected a dict, found float 0.1");
  const Value empty = Dict();
  CHECK_THROWS_WITH(empty["x"], "value['x']: no such key; there are none");
}

TEST_CASE("Writing through a key adds it; None becomes a dict first") {
  Value value;
  value["a"]["b"] = 1;
  value[7] = "seven";
  CHECK(to_string(value) == "{'a': {'b': 1}, 7: 'seven'}");
  Value state = StateDict();
  state["w"] = 1;
  CHECK(state.as_state_dict().size() == 1);
  CHECK_THROWS_AS(Value(3)["x"], TypeError);
  const Value constant;
  CHECK_THROWS_AS(constant["a"], TypeError);
}

TEST_CASE("Text and number are different keys") {
  Dict dict;
  dict.set("1", "text");
  dict.set(1, "number");
  CHECK(dict.size() == 2);
  CHECK(dict.at("1").as_text() == "text");
  CHECK(dict.at(1).as_text() == "number");
  CHECK(to_string(Value(dict)) == "{'1': 'text', 1: 'number'}");
}

TEST_CASE("A dict keeps insertion order with any number of entries, through replacement and removal") {
  for (int count : {3, 8, 9, 100, 3000}) {
    CAPTURE(count);
    Dict dict;
    for (int i = 0; i < count; ++i) {
      if (i % 2)
        dict.set(i, i);
      else
        dict.set("key" + std::to_string(i), i);
    }
    const auto key = [](int i) { return i % 2 ? Key(i) : Key("key" + std::to_string(i)); };
    for (int i = 0; i < count; ++i) REQUIRE(dict.at(key(i)).as_int() == i);
    dict.set(key(1), -1);
    CHECK(dict.begin()[1].second.as_int() == -1);
    CHECK(static_cast<int>(dict.size()) == count);

    for (int i = 0; i < count; i += 3) CHECK(dict.erase(key(i)));
    CHECK(!dict.erase(key(0)));
    int expected = 0;
    for (const auto& [entry_key, value] : dict) {
      while (expected % 3 == 0) ++expected;
      REQUIRE(entry_key == key(expected));
      REQUIRE(dict.find(entry_key) == &value);
      ++expected;
    }
    for (int i = 0; i < count; i += 3) REQUIRE(dict.find(key(i)) == nullptr);
    const Dict copy = dict;
    CHECK(copy.size() == dict.size());
    CHECK(to_string(Value(copy)) == to_string(Value(dict)));
  }
}

TEST_CASE("A copy is another tree, its tensors the same numbers") {
  Value first = {{"l", List{1, 2}}, {"t", tensor({1.0f, 2.0f})}};
  Value second = first;
  second["l"][0] = 9;
  second["t"].as_tensor().fill_(7);
  CHECK(to_string(first) == "{'l': [1, 2], 't': tensor([7., 7.])}");
  CHECK(to_string(second) == "{'l': [9, 2], 't': tensor([7., 7.])}");
  CHECK(first["t"].as_tensor().is_same(second["t"].as_tensor()));
}

TEST_CASE("A value can be replaced by a part of itself") {
  Value value = {{"child", {{"grandchild", List{1, 2}}}}};
  value = std::move(value["child"]["grandchild"]);
  CHECK(to_string(value) == "[1, 2]");
  Value copied = {{"child", 5}};
  copied = copied["child"];
  CHECK(copied.as_int() == 5);
}

TEST_CASE("A set holds nothing twice, as Python compares") {
  CHECK(Set{1, 1, true, 1.0, 2}.items.size() == 2);
  CHECK(Set{"a", "a", "b"}.items.size() == 2);
  CHECK(Set{Tuple{1, 2}, Tuple{1, 2}, Tuple{2, 1}}.items.size() == 2);
  CHECK(Set{nullptr, false, 0}.items.size() == 2);
  CHECK_THROWS_WITH((Set{List{1}}), "unhashable type: 'list'");
  CHECK_THROWS_WITH((Set{Dict()}), "unhashable type: 'dict'");
}

TEST_CASE("Integers beyond 64 bits keep every digit, in the shortest two's complement") {
  struct Row {
    const char* decimal;
    std::size_t size;
  };
  const Row rows[] = {{"0", 1},
                      {"1", 1},
                      {"127", 1},
                      {"128", 2},
                      {"-128", 1},
                      {"-129", 2},
                      {"255", 2},
                      {"-1", 1},
                      {"-256", 2},
                      {"9223372036854775808", 9},
                      {"18446744073709551615", 9},
                      {"-9223372036854775809", 9},
                      {"340282366920938463463374607431768211456", 17},
                      {"-170141183460469231731687303715884105728", 16},
                      {"1000000000000000000000000000000000000000000000000000000000000", 26}};
  for (const Row& row : rows) {
    const BigInteger number = BigInteger::from_decimal(row.decimal);
    CHECK(number.decimal() == row.decimal);
    CHECK(number.data.size() == row.size);
  }
  CHECK(BigInteger::from_decimal("000123").decimal() == "123");
  CHECK(BigInteger::from_decimal("-0").decimal() == "0");
  for (const char* wrong : {"", "-", "1x", "+1", " 1"}) CHECK_THROWS_AS(BigInteger::from_decimal(wrong), ValueError);
}

TEST_CASE("for_each_tensor walks depth first, in order, with the path") {
  const Value tree = {{"model", StateDict{{"fc.weight", tensor({1.0f})}}},
                      {"list", List{tensor({2.0f}), Tuple{3, tensor({4.0f})}}},
                      {"none", nullptr},
                      {5, {{"a\\b", tensor({5.0f})}}}};
  std::string plain, escaped;
  tree.for_each_tensor([&](const std::string& path, const Tensor& t) {
    plain += path + "=" + std::to_string(static_cast<int>(t.item())) + " ";
  });
  tree.for_each_tensor([&](const std::string& path, const Tensor&) { escaped += path + " "; }, true);
  CHECK(plain == "model.fc.weight=1 list.0=2 list.1.1=4 5.a\\b=5 ");
  CHECK(escaped == "model.fc\\.weight list.0 list.1.1 5.a\\\\b ");
}

TEST_CASE("However deep a tree is, it is destroyed, and copying or printing it is at worst an error") {
  const Value shallow = nested_lists(900);
  const Value copy = shallow;
  CHECK(to_string(copy).size() == 2 * 900 + 1);

  const Value deep = nested_lists(200'000);
  CHECK_THROWS_AS(Value(deep), ValueError);
  CHECK_THROWS_AS(to_string(deep), ValueError);
  CHECK_THROWS_AS(deep.for_each_tensor([](const std::string&, const Tensor&) {}), ValueError);
  CHECK(to_string(Value(shallow)).size() == 2 * 900 + 1);  // the count of levels was given back
}

TEST_CASE("What is taken out of a Value that is about to go stays good") {
  const auto made = [] { return Value{{"groups", List{Value{{"lr", 0.5}}}}, {"name", "SGD"}, {"state", zeros({2})}}; };
  double lr = 0;
  for (const auto& [name, value] : made()["groups"][0].as_dict()) lr += value.as_float();
  CHECK(lr == 0.5);
  for (const Value& group : made()["groups"].items()) CHECK(group["lr"].as_float() == 0.5);
  const std::string& name = made()["name"].as_text();
  CHECK(name == "SGD");
  const Value& rate = made().at("groups", 0, "lr");
  CHECK(rate.as_float() == 0.5);
  const Tensor& state = made()["state"].as_tensor();
  CHECK(state.numel() == 2);
  CHECK_THROWS_AS(made()["nothing"], KeyError);

  // Of one that stays, a reference: nothing is copied, and what is changed through it is changed in the Value.
  Value kept = made();
  CHECK(&kept["groups"] == &kept["groups"]);
  kept["groups"][0]["lr"] = 0.25;
  CHECK(kept.at("groups", 0, "lr").as_float() == 0.25);
}
