#include "program.h"

#include <charconv>
#include <utility>

#include <cairn/core/error.h>

namespace peers {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

template <class Number>
bool read(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

Argument argument(std::string_view token, std::size_t line) {
  if (token == "none") return None{};
  if (token == "true" || token == "false") return token == "true";
  if (token.front() == '[') {
    cairn::check<cairn::ValueError>(token.back() == ']', "line ", line, ": '", token, "' does not end with ]");
    cairn::Shape list;
    for (const std::string_view item : split(token.substr(1, token.size() - 2), ',')) {
      std::int64_t number = 0;
      cairn::check<cairn::ValueError>(read(item, number), "line ", line, ": '", item, "' is no whole number");
      list.push_back(number);
    }
    return list;
  }
  if (token.front() == '(') {
    cairn::check<cairn::ValueError>(token.back() == ')', "line ", line, ": '", token, "' does not end with )");
    Words words;
    for (const std::string_view item : split(token.substr(1, token.size() - 2), ',')) words.texts.emplace_back(item);
    return words;
  }
  std::int64_t whole = 0;
  if (read(token, whole)) return whole;
  double number = 0;
  if (read(token, number)) return number;
  return Word{std::string(token)};
}

}  // namespace

std::vector<Case> parse(std::string_view text) {
  std::vector<Case> cases;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::vector<std::string_view> tokens = split(text.substr(0, end), ' ');
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (tokens.empty()) continue;
    if (tokens[0] == "case") {
      cairn::check<cairn::ValueError>(tokens.size() == 2, "line ", number, ": a case has one name");
      cases.push_back({std::string(tokens[1]), {}});
      continue;
    }
    cairn::check<cairn::ValueError>(!cases.empty(), "line ", number, ": stands before any case");
    Statement statement;
    std::size_t next = 0;
    if (tokens.size() > 1 && tokens[1] == "=") {
      statement.result = tokens[0];
      next = 2;
    }
    cairn::check<cairn::ValueError>(next < tokens.size(), "line ", number, ": names no function");
    statement.function = tokens[next++];
    for (; next < tokens.size(); ++next) statement.arguments.push_back(argument(tokens[next], number));
    cases.back().statements.push_back(std::move(statement));
  }
  return cases;
}

}  // namespace peers
