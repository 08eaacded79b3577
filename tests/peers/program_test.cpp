#include "program.h"

#include "catch.h"
#include "message_of.h"

using namespace peers;
using cairn::Shape;

TEST_CASE("A program is read case by case and line by line") {
  const std::vector<Case> cases = parse(
      "case sum/12\n"
      "a = leaf sum/12.a\n"
      "add_ a 2.5\n"
      "\n"
      "case empty\n"
      "case pow\n"
      "return a\n");
  REQUIRE(cases.size() == 3);
  REQUIRE(cases[0].statements.size() == 2);
  CHECK(cases[0].name == "sum/12");
  CHECK(cases[0].statements[0].result == "a");
  CHECK(cases[0].statements[0].function == "leaf");
  CHECK(cases[0].statements[1].result.empty());
  CHECK(cases[0].statements[1].function == "add_");
  CHECK(cases[1].statements.empty());
  CHECK(cases[2].name == "pow");
}

TEST_CASE("An argument is what it looks like") {
  const std::vector<Argument> arguments =
      parse("case a\nf 2 -2 2.0 1e-3 -inf true none [1,-2] [] (a,b.1) b.1 float32")[0].statements[0].arguments;
  REQUIRE(arguments.size() == 12);
  CHECK(std::get<std::int64_t>(arguments[0]) == 2);
  CHECK(std::get<std::int64_t>(arguments[1]) == -2);
  CHECK(std::get<double>(arguments[2]) == 2);
  CHECK(std::get<double>(arguments[3]) == 1e-3);
  CHECK(std::get<double>(arguments[4]) < -1e300);
  CHECK(std::get<bool>(arguments[5]));
  CHECK(std::holds_alternative<None>(arguments[6]));
  CHECK(std::get<Shape>(arguments[7]) == Shape{1, -2});
  CHECK(std::get<Shape>(arguments[8]) == Shape{});
  CHECK(std::get<Words>(arguments[9]).texts == std::vector<std::string>{"a", "b.1"});
  CHECK(std::get<Word>(arguments[10]).text == "b.1");
  CHECK(std::get<Word>(arguments[11]).text == "float32");
}

TEST_CASE("What is no program is refused by line") {
  CHECK(message_of([] { parse("a = leaf a"); }) == "line 1: stands before any case");
  CHECK(message_of([] { parse("case a b"); }) == "line 1: a case has one name");
  CHECK(message_of([] { parse("case a\na ="); }) == "line 2: names no function");
  CHECK(message_of([] { parse("case a\nsum a [1"); }) == "line 2: '[1' does not end with ]");
  CHECK(message_of([] { parse("case a\nsum a [1,x]"); }) == "line 2: 'x' is no whole number");
  CHECK(message_of([] { parse("case a\ncat (a"); }) == "line 2: '(a' does not end with )");
}
