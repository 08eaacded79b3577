// Python's repr of floats, texts and bytes.
//
// A float takes the fewest digits that read back as the same number, in plain notation for exponents from -4 to 15 and
// in scientific notation otherwise. A text takes single quotes unless it holds one and no double quote. Letters beyond
// ASCII stand as they are, except those that no terminal shows: control characters, surrogates and other invisible
// ones.
#include <cairn/core/python_text.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace cairn {
namespace {

/// One character of UTF-8: its number and the bytes it takes; 0 bytes when it is malformed.
struct Character {
  std::uint32_t code = 0;
  std::size_t size = 0;
};

Character read_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (size == 0 || first > 0xf4 || text.size() < size) return {};
  std::uint32_t code = first & (0x7fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3fu);
  }
  const bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
  if (overlong || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return {};
  return {code, size};
}

/// Characters Python escapes although they are letters of Unicode: spaces other than ' ', marks of direction, and areas
/// without meaning. Not among them are the single numbers that no character has yet: which those are changes with every
/// version of Unicode, and so of Python.
bool is_invisible(std::uint32_t code) {
  struct Range {
    std::uint32_t first, last;
  };
  constexpr Range ranges[] = {{0x7f, 0xa0},       {0xad, 0xad},       {0x600, 0x605},     {0x61c, 0x61c},
                              {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},     {0x8e2, 0x8e2},
                              {0x1680, 0x1680},   {0x180e, 0x180e},   {0x2000, 0x200f},   {0x2028, 0x202f},
                              {0x205f, 0x206f},   {0x3000, 0x3000},   {0xe000, 0xf8ff},   {0xfdd0, 0xfdef},
                              {0xfeff, 0xfeff},   {0xfff0, 0xfffb},   {0xfffe, 0xffff},   {0x110bd, 0x110bd},
                              {0x110cd, 0x110cd}, {0x13430, 0x1343f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
                              {0x1fffe, 0x1ffff}, {0x2fffe, 0x2ffff}, {0x33480, 0xe00ff}, {0xe01f0, 0x10ffff}};
  for (const Range& range : ranges) {
    if (code >= range.first && code <= range.last) return true;
  }
  return false;
}

void append_hexadecimal(std::string& out, char letter, std::uint32_t code, int digits) {
  out += '\\';
  out += letter;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += "0123456789abcdef"[code >> shift & 15];
}

/// Appends an ASCII character as it stands between `quote`s.
void append_ascii(std::string& out, char c, char quote) {
  if (c == quote || c == '\\')
    (out += '\\') += c;
  else if (c == '\n')
    out += "\\n";
  else if (c == '\r')
    out += "\\r";
  else if (c == '\t')
    out += "\\t";
  else if (c < 32 || c == 127)
    append_hexadecimal(out, 'x', static_cast<unsigned char>(c), 2);
  else
    out += c;
}

char quote_for(std::string_view text) {
  return text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos ? '"' : '\'';
}

}  // namespace

// Most text is ASCII: eight characters are looked at together.
bool is_utf8(std::string_view text) {
  for (std::size_t size; !text.empty(); text.remove_prefix(size)) {
    constexpr std::uint64_t beyond_ascii = 0x8080808080808080;
    std::uint64_t eight = beyond_ascii;
    if (text.size() >= sizeof eight) std::memcpy(&eight, text.data(), sizeof eight);
    size = (eight & beyond_ascii) == 0 ? sizeof eight : read_character(text).size;
    if (size == 0) return false;
  }
  return true;
}

std::string python_float(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char digits[32];
  const char* const end = std::to_chars(digits, digits + sizeof digits, value, std::chars_format::scientific).ptr;
  const std::string_view scientific(digits, static_cast<std::size_t>(end - digits));
  const std::size_t e = scientific.find('e');
  int exponent = 0;
  std::from_chars(digits + e + (scientific[e + 1] == '+' ? 2 : 1), end, exponent);
  if (exponent < -4 || exponent >= 16) return std::string(scientific);

  char plain[64];
  char* const plain_end = std::to_chars(plain, plain + sizeof plain, value, std::chars_format::fixed).ptr;
  std::string text(plain, plain_end);
  if (text.find('.') == std::string::npos) text += ".0";
  return text;
}

std::string stream_float(double value) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%g", value);
  return digits;
}

std::string python_text(std::string_view text) {
  const char quote = quote_for(text);
  std::string out(1, quote);
  while (!text.empty()) {
    const Character character = read_character(text);
    const std::size_t size = character.size == 0 ? 1 : character.size;
    if (character.size == 0)
      append_hexadecimal(out, 'x', static_cast<unsigned char>(text[0]), 2);
    else if (character.code < 0x80)
      append_ascii(out, text[0], quote);
    else if (!is_invisible(character.code))
      out += text.substr(0, size);
    else if (character.code < 0x100)
      append_hexadecimal(out, 'x', character.code, 2);
    else if (character.code < 0x10000)
      append_hexadecimal(out, 'u', character.code, 4);
    else
      append_hexadecimal(out, 'U', character.code, 8);
    text.remove_prefix(size);
  }
  return out += quote;
}

std::string python_bytes(std::string_view bytes) {
  const char quote = quote_for(bytes);
  std::string out = {'b', quote};
  for (char c : bytes) {
    if (static_cast<unsigned char>(c) >= 0x80)
      append_hexadecimal(out, 'x', static_cast<unsigned char>(c), 2);
    else
      append_ascii(out, c, quote);
  }
  return out += quote;
}

}  // namespace cairn
