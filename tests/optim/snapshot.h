// A tree with numbers of its own, as a file would give it.
#pragma once

#include <cairn/core/tensor.h>
#include <cairn/core/value.h>

inline cairn::Value snapshot(const cairn::Value& value) {
  using Kind = cairn::Value::Kind;
  if (value.is(Kind::tensor)) return value.as_tensor().clone();
  if (value.is(Kind::dict)) {
    cairn::Dict copy;
    for (const auto& [key, item] : value.as_dict()) copy.set(key, snapshot(item));
    return copy;
  }
  if (value.is(Kind::list)) {
    cairn::List copy;
    for (const cairn::Value& item : value.items()) copy.items.push_back(snapshot(item));
    return copy;
  }
  return value;
}
