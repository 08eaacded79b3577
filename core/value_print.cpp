// Values as Python's repr, state dicts as a notebook lays out an OrderedDict.
#include <array>
#include <cmath>
#include <ostream>
#include <utility>

#include <cairn/core/print.h>
#include <cairn/core/state_dict.h>
#include <cairn/core/stateful.h>
#include <cairn/core/text_layout.h>
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

class ValueWriter {
 public:
  ValueWriter(std::size_t width, const PrintOptions& options) : out_(width), options_(options) {
    if (width != TextLayout::unlimited) most_entries_ = 1000;  // a notebook's limit
  }

  void write(const Value& value) {
    switch (value.kind()) {
      case Kind::none:
        return out_.text("None");
      case Kind::boolean:
        return out_.text(value.as_bool() ? "True" : "False");
      case Kind::integer:
        return out_.text(std::to_string(value.as_int()));
      case Kind::big_integer:
        return out_.text(value.as_big_integer().decimal());
      case Kind::floating:
        return out_.text(python_float(value.as_float()));
      case Kind::complex:
        return out_.text(complex_text(value.as_complex()));
      case Kind::text:
        return out_.text(python_text(value.as_text()));
      case Kind::bytes:
        return out_.text(python_bytes(as_view(value.as_bytes())));
      case Kind::tensor:
        return out_.lines(to_string(value.as_tensor(), options_));
      case Kind::list:
        return write_items("[", value, "]");
      case Kind::tuple:
        return write_items("(", value, value.size() == 1 ? ",)" : ")");
      case Kind::set:
        return value.size() == 0 ? out_.text("set()") : write_items("{", value, "}");
      case Kind::dict:
        return write_entries("{", value.as_dict(), "}", [&](const Dict::Entry& entry) {
          out_.text(to_string(entry.first) + ": ");
          write(entry.second);
        });
      case Kind::state_dict:
        return write(value.as_state_dict());
    }
  }

  void write(const StateDict& state) {
    if (state.empty()) return out_.text("OrderedDict()");
    out_.open("OrderedDict(");
    write_entries("[", state, "]", [&](const StateDict::Entry& entry) {
      out_.open("(");
      out_.text(python_text(entry.first) + ",");
      out_.separator();
      write(entry.second);
      out_.close(")");
    });
    out_.close(")");
  }

  std::string finish() { return out_.finish(); }

 private:
  void write_items(std::string_view open, const Value& value, std::string_view close) {
    write_entries(open, value.items(), close, [&](const Value& item) { write(item); });
  }

  template <class Entries, class F>
  void write_entries(std::string_view open, const Entries& entries, std::string_view close, F&& write_entry) {
    const ValueDepth deeper("print");
    out_.open(open);
    std::size_t count = 0;
    for (const auto& entry : entries) {
      if (count > 0) {
        out_.text(",");
        out_.separator();
      }
      if (count++ == most_entries_) {
        out_.text("...");
        break;
      }
      write_entry(entry);
    }
    out_.close(close);
  }

  TextLayout out_;
  PrintOptions options_;
  std::size_t most_entries_ = TextLayout::unlimited;
};

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
  ValueWriter writer(TextLayout::unlimited, options);
  writer.write(value);
  return writer.finish();
}

std::string to_string(const StateDict& state) { return to_string(state, get_printoptions()); }

std::string to_string(const StateDict& state, const PrintOptions& options) {
  constexpr std::size_t width = 79;  // a notebook's
  ValueWriter writer(width, options);
  writer.write(state);
  return writer.finish();
}

std::string keys_text(const StateDict& state) { return "odict_keys(" + quoted_list(state.keys()) + ")"; }

std::string to_string(const LoadReport& report) {
  if (report.missing_keys.empty() && report.unexpected_keys.empty() && report.skipped.empty())
    return "<All keys matched successfully>";
  return "_IncompatibleKeys(missing_keys=" + quoted_list(report.missing_keys) +
         ", unexpected_keys=" + quoted_list(report.unexpected_keys) +
         (report.skipped.empty() ? "" : ", skipped=" + quoted_list(report.skipped)) + ")";
}

std::ostream& operator<<(std::ostream& out, const Value& value) { return out << to_string(value); }
std::ostream& operator<<(std::ostream& out, const StateDict& state) { return out << to_string(state); }
std::ostream& operator<<(std::ostream& out, const LoadReport& report) { return out << to_string(report); }

}  // namespace cairn
