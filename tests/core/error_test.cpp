// Errors: one family, messages from parts, a hint below the message.
#include <cairn/core/error.h>

#include "catch.h"

#include <cairn/core/dtype.h>
#include <cairn/core/shape.h>

using namespace cairn;

TEST_CASE("A message is built from texts, numbers and whatever has a to_string") {
  CHECK(text() == "");
  CHECK(text("a", std::string("b"), std::string_view("c"), 'd') == "abcd");
  CHECK(text(1, " ", -2, " ", std::size_t{3}, " ", std::uint8_t{200}) == "1 -2 3 200");
  CHECK(text(0.5, " ", 1e-8, " ", 1.0) == "0.5 1e-08 1.0");
  CHECK(text(Shape{2, 3}, " of ", DType::float32) == "torch.Size([2, 3]) of torch.float32");
}

TEST_CASE("message() is the text alone, what() ends with the hint") {
  const Error plain("byte 8: too long");
  CHECK(plain.message() == "byte 8: too long");
  CHECK(std::string(plain.what()) == "byte 8: too long");

  const FormatError hinted("byte 8: too long",
                           {.file = "a.cairn", .offset = 8, .section = "index", .hint = "save it again"});
  CHECK(hinted.message() == "byte 8: too long");
  CHECK(std::string(hinted.what()) == "byte 8: too long\nHint: save it again");
  CHECK(hinted.fields().file == "a.cairn");
  CHECK(hinted.fields().offset == 8u);
  CHECK(hinted.fields().section == "index");
  CHECK(hinted.fields().tensor.empty());
}

TEST_CASE("Every error is a cairn::Error and a std::runtime_error") {
  CHECK_THROWS_AS(throw KeyError("k"), Error);
  CHECK_THROWS_AS(throw ShapeError("s"), std::runtime_error);
  CHECK_THROWS_AS(throw Cancelled("c"), Error);
}

TEST_CASE("check throws the error asked for, and only when the condition fails") {
  CHECK_NOTHROW(check<ValueError>(true, "never"));
  CHECK_THROWS_AS(check<ValueError>(false, "always"), ValueError);
  try {
    check<IndexError>(false, "index ", 7, " of ", 3);
    FAIL("did not throw");
  } catch (const IndexError& error) {
    CHECK(error.message() == "index 7 of 3");
  }
}
