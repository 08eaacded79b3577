// Values as Python's repr, state dicts as a notebook lays out an OrderedDict.
#include <algorithm>
#include <array>
#include <cmath>
#include <ostream>
#include <utility>

#include <cairn/core/print.h>
#include <cairn/core/state_dict.h>
#include <cairn/core/stateful.h>
#include <cairn/core/value_depth.h>

namespace cairn {
namespace {

using Kind = Value::Kind;

/// Inside a complex number a whole part has no ".0": (1+2j).
std::string part_text(double value) {
  std::string text = python_float(value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string complex_text(std::complex<double> value) {
  const std::string imaginary = part_text(value.imag()) + "j";
  if (value.real() == 0 && !std::signbit(value.real())) return imaginary;
  const bool has_sign = imaginary[0] == '-';
  return "(" + part_text(value.real()) + (has_sign ? "" : "+") + imaginary + ")";
}

std::string_view as_view(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data.data()), bytes.data.size()};
}

void append(std::string& out, const Value& value, const PrintOptions& options);

void append_items(std::string& out, const Value& value, const PrintOptions& options) {
  bool first = true;
  for (const Value& item : value.items()) {
    if (!std::exchange(first, false)) out += ", ";
    append(out, item, options);
  }
}

void append_container(std::string& out, const Value& value, const PrintOptions& options) {
  const ValueDepth deeper("print");
  bool first = true;
  switch (value.kind()) {
    case Kind::list:
      out += '[';
      append_items(out, value, options);
      out += ']';
      break;
    case Kind::tuple:
      out += '(';
      append_items(out, value, options);
      out += value.size() == 1 ? ",)" : ")";
      break;
    case Kind::set:
      if (value.size() == 0) {
        out += "set()";
        break;
      }
      out += '{';
      append_items(out, value, options);
      out += '}';
      break;
    case Kind::dict:
      out += '{';
      for (const Dict::Entry& entry : value.as_dict()) {
        if (!std::exchange(first, false)) out += ", ";
        out += to_string(entry.first);
        out += ": ";
        append(out, entry.second, options);
      }
      out += '}';
      break;
    default:
      if (value.size() == 0) {
        out += "OrderedDict()";
        break;
      }
      out += "OrderedDict([";
      for (const StateDict::Entry& entry : value.as_state_dict()) {
        if (!std::exchange(first, false)) out += ", ";
        out += "(" + python_text(entry.first) + ", ";
        append(out, entry.second, options);
        out += ')';
      }
      out += "])";
  }
}

void append(std::string& out, const Value& value, const PrintOptions& options) {
  switch (value.kind()) {
    case Kind::none:
      out += "None";
      break;
    case Kind::boolean:
      out += value.as_bool() ? "True" : "False";
      break;
    case Kind::integer:
      out += std::to_string(value.as_int());
      break;
    case Kind::big_integer:
      out += value.as_big_integer().decimal();
      break;
    case Kind::floating:
      out += python_float(value.as_float());
      break;
    case Kind::complex:
      out += complex_text(value.as_complex());
      break;
    case Kind::text:
      out += python_text(value.as_text());
      break;
    case Kind::bytes:
      out += python_bytes(as_view(value.as_bytes()));
      break;
    case Kind::tensor:
      out += to_string(value.as_tensor(), options);
      break;
    default:
      append_container(out, value, options);
  }
}

/// Columns a line of UTF-8 takes.
std::size_t columns(std::string_view line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string indented(std::string_view lines, std::size_t columns) {
  std::string out;
  for (char c : lines) {
    out += c;
    if (c == '\n') out.append(columns, ' ');
  }
  return out;
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::string out = "[";
  for (std::size_t i = 0; i < names.size(); ++i) out += (i ? ", " : "") + python_text(names[i]);
  return out + "]";
}

}  // namespace

std::string_view name(Value::Kind kind) {
  constexpr std::array<std::string_view, 14> names = {"NoneType", "bool", "int",         "int",   "float",
                                                      "complex",  "str",  "bytes",       "list",  "tuple",
                                                      "set",      "dict", "OrderedDict", "Tensor"};
  return names[static_cast<std::size_t>(kind)];
}

std::string to_string(const Key& key) { return key.is_text() ? python_text(key.text()) : std::to_string(key.number()); }

std::string to_string(const Value& value) { return to_string(value, get_printoptions()); }

std::string to_string(const Value& value, const PrintOptions& options) {
  std::string out;
  append(out, value, options);
  return out;
}

std::string to_string(const StateDict& state) { return to_string(state, get_printoptions()); }

std::string to_string(const StateDict& state, const PrintOptions& options) {
  constexpr std::size_t width = 79, column = 13;  // behind "OrderedDict(["
  if (state.empty()) return "OrderedDict()";
  std::vector<std::string> values;
  std::string one_line = "OrderedDict([";
  for (const StateDict::Entry& entry : state) {
    values.push_back(to_string(entry.second, options));
    if (values.size() > 1) one_line += ", ";
    one_line += "(" + python_text(entry.first) + ", " + values.back() + ")";
  }
  one_line += "])";
  if (one_line.find('\n') == std::string::npos && columns(one_line) <= width) return one_line;

  std::string out = "OrderedDict([";
  std::size_t i = 0;
  for (const StateDict::Entry& entry : state) {
    const std::string& value = values[i++];
    const std::string_view end = i == state.size() ? ")])" : "),";
    const std::string key = "(" + python_text(entry.first) + ",";
    const bool fits =
        value.find('\n') == std::string::npos && column + columns(key) + 1 + columns(value) + end.size() <= width;
    out += key;
    out += fits ? " " : "\n" + std::string(column + 1, ' ');
    out += fits ? value : indented(value, column + 1);
    out += end;
    if (i < state.size()) out += "\n" + std::string(column, ' ');
  }
  return out;
}

std::string keys_text(const StateDict& state) { return "odict_keys(" + quoted_list(state.keys()) + ")"; }

std::string to_string(const LoadReport& report) {
  if (report.missing_keys.empty() && report.unexpected_keys.empty()) return "<All keys matched successfully>";
  return "_IncompatibleKeys(missing_keys=" + quoted_list(report.missing_keys) +
         ", unexpected_keys=" + quoted_list(report.unexpected_keys) + ")";
}

std::ostream& operator<<(std::ostream& out, const Value& value) { return out << to_string(value); }
std::ostream& operator<<(std::ostream& out, const StateDict& state) { return out << to_string(state); }
std::ostream& operator<<(std::ostream& out, const LoadReport& report) { return out << to_string(report); }

}  // namespace cairn
