// Brackets break into lines where IPython.lib.pretty breaks them. The expected texts were printed by it.
#include <cairn/core/text_layout.h>

#include "catch.h"

#include <vector>

using namespace cairn;

namespace {

/// A text, or a list of such.
struct Item {
  Item(const char* text) : text(text) {}
  Item(std::initializer_list<Item> items) : is_list(true), items(items) {}

  bool is_list = false;
  std::string text;
  std::vector<Item> items;
};

void write(TextLayout& out, const Item& item) {
  if (!item.is_list) return out.lines(item.text);
  out.open("[");
  for (std::size_t i = 0; i < item.items.size(); ++i) {
    if (i > 0) {
      out.text(",");
      out.separator();
    }
    write(out, item.items[i]);
  }
  out.close("]");
}

std::string laid_out(const Item& item, std::size_t width) {
  TextLayout out(width);
  write(out, item);
  return out.finish();
}

}  // namespace

TEST_CASE("The outermost bracket is broken first, and only where a line is too long") {
  const Item item = {{"1", "2"}, {"3", "4"}};
  CHECK(laid_out(item, 16) == "[[1, 2], [3, 4]]");
  CHECK(laid_out(item, 15) == "[[1, 2],\n [3, 4]]");
  CHECK(laid_out(item, 8) == "[[1, 2],\n [3, 4]]");
  CHECK(laid_out(item, 7) == "[[1,\n  2],\n [3,\n  4]]");
  CHECK(laid_out(item, 1) == "[[1,\n  2],\n [3,\n  4]]");
  CHECK(laid_out({}, 1) == "[]");
}

TEST_CASE("A column is a character, not a byte") {
  CHECK(laid_out({"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", "2"}, 11) ==
        "[\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9, 2]");
  CHECK(laid_out({"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", "2"}, 10) ==
        "[\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9,\n 2]");
}

TEST_CASE("A text of several lines breaks the outermost bracket that has separators before it") {
  CHECK(laid_out({"1", "a\nbb", "2"}, 79) == "[1,\n a\n bb,\n 2]");
  CHECK(laid_out({{"1", "a\nbb", "2"}, "3"}, 79) == "[[1,\n  a\n  bb,\n  2],\n 3]");
  CHECK(laid_out({{"a\nbb", {"1", "2"}}}, 79) == "[[a\n  bb,\n  [1, 2]]]");
  CHECK(laid_out({"a\n\nb"}, 79) == "[a\n \n b]");
}

TEST_CASE("A bracket with separators that became spaces is not broken later") {
  CHECK(laid_out({"3", {{{"1", "a\nbb", "2222", "3"}}}}, 14) == "[3,\n [[[1, a\n    bb, 2222, 3]]]]");
}

TEST_CASE("Without a limit all is on one line, and a text stays what it is") {
  CHECK(laid_out({{"1", "a\nbb"}, {"2"}}, TextLayout::unlimited) == "[[1, a\nbb], [2]]");
}
