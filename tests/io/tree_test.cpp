// The encoding of trees: one encoding for a tree, and nothing but that encoding is read.
#include "catch.h"

#include <initializer_list>

#include "values.h"

#include <cairn/io/tree.h>

using namespace cairn;

namespace {

std::vector<std::byte> bytes(std::initializer_list<int> values) {
  std::vector<std::byte> made;
  for (const int value : values) made.push_back(static_cast<std::byte>(value));
  return made;
}

Value decode(std::initializer_list<int> values, const io::Limits& limits = {}) {
  return io::decode_tree(bytes(values), {}, "file", 0, limits);
}

std::vector<std::byte> encode(const Value& value) {
  std::vector<std::byte> made;
  std::vector<Tensor> tensors;
  io::encode_tree(value, made, tensors);
  return made;
}

void refuse(std::initializer_list<int> values, const std::string& what) {
  INFO(what);
  CHECK_THROWS_WITH(decode(values), Catch::Matchers::Contains(what));
  CHECK_THROWS_AS(decode(values), FormatError);
}

}  // namespace

TEST_CASE("Values are encoded as FORMAT.md says", "[io][tree]") {
  CHECK(encode(nullptr) == bytes({0}));
  CHECK(encode(false) == bytes({1}));
  CHECK(encode(true) == bytes({2}));
  CHECK(encode(-2) == bytes({3, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}));
  CHECK(encode(1.0) == bytes({5, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f}));
  CHECK(encode("ab") == bytes({7, 2, 'a', 'b'}));
  CHECK(encode(List{true, Tuple{}}) == bytes({9, 2, 2, 10, 0}));
  CHECK(encode(Value{{"k", nullptr}, {1, true}}) == bytes({12, 2, 7, 1, 'k', 0, 3, 1, 0, 0, 0, 0, 0, 0, 0, 2}));
  CHECK(encode(StateDict{{"k", nullptr}}) == bytes({13, 1, 1, 'k', 0, 0}));
  CHECK(encode(BigInteger::from_decimal("18446744073709551616")) == bytes({4, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
}

TEST_CASE("Every other encoding is refused", "[io][tree]") {
  refuse({}, "kind of a value");
  refuse({15}, "kind of a value");
  refuse({0, 0}, "1 bytes follow its end");
  refuse({3, 1, 2}, "integer");
  refuse({7, 3, 'a'}, "text");
  refuse({7, 1, 0xff}, "not UTF-8");
  refuse({7, 0x81, 0x00, 'a'}, "shortest form");
  refuse({7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, "shortest form");
  refuse({9, 0xff, 0xff, 0xff, 0xff, 0x0f}, "are announced");
  refuse({4, 1, 5}, "shortest form");
  refuse({4, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "shortest form");
  refuse({11, 2, 2, 2}, "an item twice");
  refuse({12, 2, 7, 1, 'k', 0, 7, 1, 'k', 0}, "'k' occurs twice");
  refuse({12, 1, 9, 0, 0, 0}, "a key is text or an integer");
  refuse({13, 2, 1, 'k', 0, 1, 'k', 0, 0}, "\"k\" occurs twice");
  refuse({14}, "more than the 0 there are");
  CHECK_THROWS_WITH(io::decode_tree(bytes({0}), std::vector<Tensor>(1), "file", 0, {}),
                    Catch::Matchers::Contains("0 of 1 tensors"));
  CHECK_THROWS_WITH(io::decode_tree(bytes({13, 0, 1, 7, 1, 'k', 14}), std::vector<Tensor>(1), "file", 0, {}),
                    Catch::Matchers::Contains("may hold none"));
}

TEST_CASE("Depth, keys and values have limits", "[io][tree]") {
  std::vector<std::byte> deep;
  for (int i = 0; i < 100000; ++i) {
    deep.push_back(std::byte{9});
    deep.push_back(std::byte{1});
  }
  CHECK_THROWS_WITH(io::decode_tree(deep, {}, "file", 0, {}), Catch::Matchers::Contains("more than 64 levels deep"));
  CHECK_THROWS_WITH(decode({9, 3, 0, 0, 0}, {.values = 3}), Catch::Matchers::Contains("more than 3 values"));
  CHECK_THROWS_WITH(decode({12, 1, 7, 3, 'a', 'b', 'c', 0}, {.key_size = 2}),
                    Catch::Matchers::Contains("it takes 3 bytes, but may take 2"));
}

TEST_CASE("Every cut of an encoding is refused, and whatever a changed one holds reads back as itself", "[io][tree]") {
  std::vector<std::byte> whole;
  std::vector<Tensor> tensors;
  io::encode_tree(small_checkpoint(), whole, tensors);
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK_THROWS_AS(io::decode_tree(std::span(whole).first(size), tensors, "file", 0, {}), FormatError);
  int accepted = 0;
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::vector<std::byte> changed = whole;
    changed[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    try {
      const Value value = io::decode_tree(changed, tensors, "file", 0, {});
      std::vector<std::byte> again;
      std::vector<Tensor> met;
      io::encode_tree(value, again, met);
      CHECK(again == changed);
      ++accepted;
    } catch (const FormatError&) {
    }
  }
  CHECK(accepted > 0);
}
