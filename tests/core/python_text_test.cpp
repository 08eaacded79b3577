// Floats, texts and bytes as Python's repr has them. The expected texts were printed by Python 3.
#include <cairn/core/python_text.h>

#include "catch.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>

using namespace cairn;

TEST_CASE("Floats print as Python's shortest repr") {
  struct Row {
    double value;
    const char* text;
  };
  const Row rows[] = {{0.0, "0.0"},
                      {-0.0, "-0.0"},
                      {1.0, "1.0"},
                      {-1.5, "-1.5"},
                      {0.1, "0.1"},
                      {0.125, "0.125"},
                      {1e-3, "0.001"},
                      {1e-4, "0.0001"},
                      {1e-5, "1e-05"},
                      {1e-8, "1e-08"},
                      {1.5e-7, "1.5e-07"},
                      {1e15, "1000000000000000.0"},
                      {1e16, "1e+16"},
                      {123456789012345680.0, "1.2345678901234568e+17"},
                      {9007199254740993.0, "9007199254740992.0"},
                      {1e20, "1e+20"},
                      {1e22, "1e+22"},
                      {1e100, "1e+100"},
                      {5e-324, "5e-324"},
                      {1.7976931348623157e308, "1.7976931348623157e+308"},
                      {2.2250738585072014e-308, "2.2250738585072014e-308"},
                      {0.1 + 0.2, "0.30000000000000004"},
                      {100.0, "100.0"},
                      {static_cast<double>(0.1f), "0.10000000149011612"}};
  for (const Row& row : rows) CHECK(python_float(row.value) == row.text);
  CHECK(python_float(std::numeric_limits<double>::infinity()) == "inf");
  CHECK(python_float(-std::numeric_limits<double>::infinity()) == "-inf");
  CHECK(python_float(std::nan("")) == "nan");
  CHECK(python_float(-std::nan("")) == "nan");
}

TEST_CASE("Any float reads back as the same float") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t bits = random();
    double value;
    std::memcpy(&value, &bits, sizeof value);
    if (!std::isfinite(value)) continue;
    const std::string text = python_float(value);
    CAPTURE(text);
    REQUIRE(std::strtod(text.c_str(), nullptr) == value);
    REQUIRE(text.find_first_of(".e") != std::string::npos);
  }
}

TEST_CASE("Texts print in Python's quotes with Python's escapes") {
  struct Row {
    std::string text;
    const char* repr;
  };
  const Row rows[] = {{"", "''"},
                      {"abc", "'abc'"},
                      {"it's", "\"it's\""},
                      {"say \"hi\"", "'say \"hi\"'"},
                      {"it's \"both\"", "'it\\'s \"both\"'"},
                      {"a\\b", "'a\\\\b'"},
                      {"line\nbreak\ttab\r", "'line\\nbreak\\ttab\\r'"},
                      {std::string("\0\x01\x1f\x7f", 4), "'\\x00\\x01\\x1f\\x7f'"},
                      {"gr\xc3\xbc\xc3\x9f", "'gr\xc3\xbc\xc3\x9f'"},
                      {"\xe4\xbd\xa0\xf0\x9f\x98\x80", "'\xe4\xbd\xa0\xf0\x9f\x98\x80'"},
                      {"\xc2\xa0", "'\\xa0'"},
                      {"\xc2\xad", "'\\xad'"},
                      {"\xe2\x80\x8b", "'\\u200b'"},
                      {"\xe2\x80\xa8", "'\\u2028'"},
                      {"\xef\xbb\xbf", "'\\ufeff'"},
                      {"\xe0\xa2\x90", "'\\u0890'"},
                      {"\xf0\x91\x82\xbd", "'\\U000110bd'"},
                      {"\xf1\x80\x80\x80", "'\\U00040000'"},
                      {"\xf3\xa0\x84\x80", "'\xf3\xa0\x84\x80'"},
                      {"\xf3\xb0\x80\x80", "'\\U000f0000'"}};
  for (const Row& row : rows) CHECK(python_text(row.text) == row.repr);
}

TEST_CASE("What is not UTF-8 is escaped byte by byte") {
  for (const char* broken : {"\xff", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80"}) {
    const std::string text = python_text(broken);
    CAPTURE(text);
    CHECK(text.size() == 2 + 4 * std::strlen(broken));
    CHECK(text.find("\\x") == 1);
  }
  CHECK(python_text("a\xffz") == "'a\\xffz'");
}

TEST_CASE("Bytes print as Python's") {
  CHECK(python_bytes("") == "b''");
  CHECK(python_bytes(std::string_view("\0abc\xff\n", 6)) == "b'\\x00abc\\xff\\n'");
  CHECK(python_bytes("it's") == "b\"it's\"");
}
