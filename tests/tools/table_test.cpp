#include <cairn/tools/table.h>

#include "catch.h"

using namespace cairn::tools;

TEST_CASE("columns are aligned, and empty ones left out") {
  CHECK(table({{"name", "size", "note"}, {"a", "5", ""}, {"longer", "1234", ""}},
              {Align::left, Align::right, Align::left}) ==
        "name    size\n"
        "a          5\n"
        "longer  1234\n");
}

TEST_CASE("widths count characters, not bytes") {
  CHECK(table({{"n", "x"}, {"größe", "1"}, {"abcde", "2"}}, {Align::left, Align::left}) ==
        "n      x\ngröße  1\nabcde  2\n");
}

TEST_CASE("a table of a heading alone has nothing to show") { CHECK(table({{"name"}}, {Align::left}) == "\n"); }

TEST_CASE("sizes are said in units of 1024") {
  CHECK(bytes_text(0) == "0 B");
  CHECK(bytes_text(1023) == "1023 B");
  CHECK(bytes_text(9830) == "9.6 KiB");
  CHECK(bytes_text(1048575) == "1.0 MiB");
  CHECK(bytes_text(std::uint64_t{1} << 30) == "1.0 GiB");
}
