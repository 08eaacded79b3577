// What the options of all optimizers share: how they become Values, and how they are checked.
#pragma once

#include <optional>
#include <utility>

#include <cairn/core/state_dict.h>
#include <cairn/core/tensor.h>
#include <cairn/core/value.h>

namespace cairn::optim {

/// A whole number stays one, as Python's: momentum 0 prints as 0, 0.0 as 0.0.
inline Value to_value(Scalar number) { return number.is_integer ? Value(number.integer) : Value(number.floating); }
inline Value to_value(std::pair<Scalar, Scalar> numbers) {
  return Tuple{to_value(numbers.first), to_value(numbers.second)};
}
inline Value to_value(std::optional<bool> flag) { return flag ? Value(*flag) : Value(); }

inline bool is_number(const Value& value) { return value.is(Value::Kind::integer) || value.is(Value::Kind::floating); }

/// Calls `f(name, value)` for everything a dict or state dict holds.
template <class F>
void for_each_entry(const Value& mapping, F&& f) {
  if (mapping.is(Value::Kind::dict)) {
    for (const auto& [key, value] : mapping.as_dict()) f(key.plain(), value);
  } else {
    for (const auto& [key, value] : mapping.as_state_dict()) f(key, value);
  }
}

/// Throws ValueError "Invalid learning rate: -1" unless the number is at least 0.
void check_not_negative(const Dict& options, const char* name, const char* what);

/// Throws ValueError for implementations that exclude each other, and for what has no meaning here.
void check_implementation(const Dict& options);

}  // namespace cairn::optim
