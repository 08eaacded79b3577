// A value as one line of text that tells every bit of it: what two readers must agree on. second_reader.py writes the
// same.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdio>
#include <sstream>
#include <string>

#include "values.h"

#include <cairn/io/bytes.h>
#include <cairn/io/container.h>
#include <cairn/io/io.h>
#include <cairn/io/tree.h>

namespace described_values {

using namespace cairn;

inline std::string hexadecimal(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", std::to_integer<unsigned>(byte));
    text += two;
  }
  return text;
}

inline std::string hexadecimal(double value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(std::bit_cast<std::uint64_t>(value)));
  return text;
}

inline std::string hexadecimal(const std::string& text) { return hexadecimal(std::as_bytes(std::span(text))); }

template <class Numbers>
std::string listed(const Numbers& numbers) {
  std::string text;
  for (const std::int64_t number : numbers) text += (text.empty() ? "" : ", ") + std::to_string(number);
  return "[" + text + "]";
}

inline std::string described(const Value& value);

inline bool is_small(const Tensor& tensor) {
  double numel = 1;
  for (const std::int64_t extent : tensor.shape()) numel *= static_cast<double>(std::max<std::int64_t>(extent, 1));
  return numel <= 1 << 20;
}

inline std::string described(const Tensor& tensor) {
  // A few bytes can be expanded to more elements than there is memory.
  const std::string numbers =
      is_small(tensor) ? hexadecimal(io::bytes_of(io::hash(elements(tensor)))) : std::string("large");
  std::ostringstream out;
  out << "tensor(" << name(tensor.dtype()) << ' ' << listed(tensor.shape()) << ' ' << listed(tensor.strides()) << ' '
      << tensor.requires_grad() << ' ' << is_parameter(tensor) << ' ' << numbers << ')';
  return out.str();
}

inline std::string described(const Dict& dict) {
  std::string text;
  for (const auto& [key, value] : dict)
    text += (text.empty() ? "" : "; ") + (key.is_text() ? "text " + hexadecimal(key.text()) : key.plain()) + ": " +
            described(value);
  return text;
}

inline std::string described(const Value& value) {
  using Kind = Value::Kind;
  switch (value.kind()) {
    case Kind::floating:
      return "float " + hexadecimal(value.as_float());
    case Kind::complex:
      return "complex " + hexadecimal(value.as_complex().real()) + hexadecimal(value.as_complex().imag());
    case Kind::text:
      return "text " + hexadecimal(value.as_text());
    case Kind::bytes:
      return "bytes " + hexadecimal(value.as_bytes().data);
    case Kind::list:
    case Kind::tuple:
    case Kind::set: {
      std::string items;
      for (const Value& item : value.items()) items += (items.empty() ? "" : "; ") + described(item);
      return (value.is(Kind::list) ? "list(" : value.is(Kind::tuple) ? "tuple(" : "set(") + items + ")";
    }
    case Kind::dict:
      return "{" + described(value.as_dict()) + "}";
    case Kind::state_dict: {
      std::string text;
      for (const auto& [key, each] : value.as_state_dict())
        text += (text.empty() ? "" : "; ") + ("text " + hexadecimal(key)) + ": " + described(each);
      return "{" + text + " | {" + described(value.as_state_dict().metadata()) + "}}";
    }
    case Kind::tensor:
      return described(value.as_tensor());
    default:
      return to_string(value);  // None, True, whole numbers: as Python writes them
  }
}

/// A state of a file: the newest, or that of a generation; with its attributes, and where its tensors were.
inline std::string described_state(const Bytes& file, std::uint32_t generation = 0) {
  const io::LoadOptions options{.restore_location = [](std::string_view) { return Device(); },
                                .generation = generation};
  const io::Container container(io::memory_source(file.data), {}, generation);
  const io::Index& index = container.index();
  const Value attributes =
      index.attributes().empty() ? Value(Dict()) : io::decode_tree(index.attributes(), {}, "", 0, {});
  std::string text = described(io::load_memory(file.data, options)) + " attributes " + described(attributes) + " on";
  for (std::uint32_t i = 0; i < index.tensor_count(); ++i)
    text += " " + hexadecimal(index.locations()[index.tensor(i).location]);
  return text;
}

/// All states of a file, newest first.
inline std::string described_states(const Bytes& file) {
  std::string text;
  const std::vector<io::Generation> generations = io::generations(io::memory_source(file.data));
  for (auto each = generations.rbegin(); each != generations.rend(); ++each)
    text += (text.empty() ? "" : " || ") + described_state(file, each->generation);
  return text;
}

}  // namespace described_values
