#include <cairn/tools/progress_bar.h>

#include "catch.h"

using cairn::tools::duration_text;
using cairn::tools::progress_line;

TEST_CASE("the line tells how far, how long and what") {
  CHECK(progress_line("epoch 2/5", 50, 100, "loss 0.2", 0, 10, 100) ==
        "epoch 2/5  [############............]  50 %  10 s left  loss 0.2");
  CHECK(progress_line("x", 0, 100, "", 0, 0, 100) == "x  [........................]   0 %");
  CHECK(progress_line("x", 100, 100, "", 0, 3, 100) == "x  [########################] 100 %");
}

TEST_CASE("the time left counts from where a resumed run began") {
  CHECK(progress_line("x", 75, 100, "", 50, 10, 100) == "x  [##################......]  75 %  10 s left");
}

TEST_CASE("it never claims to be done before it is, and never runs over") {
  CHECK(progress_line("x", 999, 1000, "", 0, 1, 100).find(" 99 %") != std::string::npos);
  CHECK(progress_line("x", 5, 4, "", 0, 1, 100).find("100 %") != std::string::npos);
  CHECK(progress_line("x", 0, 0, "", 0, 1, 100).find("100 %") != std::string::npos);
}

TEST_CASE("it fits the terminal") {
  CHECK(progress_line("a long label", 1, 2, "and a long detail", 0, 5, 30).size() == 29);
}

TEST_CASE("durations are said as people say them") {
  CHECK(duration_text(0) == "0 s");
  CHECK(duration_text(0.2) == "1 s");
  CHECK(duration_text(59) == "59 s");
  CHECK(duration_text(125) == "2 min 5 s");
  CHECK(duration_text(3720) == "1 h 2 min");
  CHECK(duration_text(-1) == "0 s");
}

TEST_CASE("without a terminal nothing is drawn") {
  cairn::tools::ProgressBar bar;
  CHECK_NOTHROW(bar.update("x", 1, 2));
  CHECK_NOTHROW(bar.wipe());
}
