// The version.
#include <cairn/core/version.h>

#include "catch.h"

#include <algorithm>
#include <cctype>

TEST_CASE("The version is three numbers and the devices built in") {
  const std::string version = cairn::version();
  CAPTURE(version);
  CHECK(std::isdigit(static_cast<unsigned char>(version[0])));
  CHECK(std::count(version.begin(), version.end(), '.') == 2);
  CHECK(version.substr(version.find('+')) == "+cpu");
}
