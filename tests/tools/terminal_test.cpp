#include <cairn/tools/terminal.h>

#include "catch.h"

TEST_CASE("there is always some width to write to") { CHECK(cairn::tools::terminal_columns() > 0); }
