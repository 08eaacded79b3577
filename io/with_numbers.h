// A value whose tensors can all be saved: deferred ones of files stay as they are, to be read while they are written;
// those of other sources are read first.
#pragma once

#include <optional>

#include <cairn/core/value.h>

namespace cairn::io {

class WithNumbers {
 public:
  /// `value` must outlive this.
  explicit WithNumbers(const Value& value);
  const Value& value() const { return read_ ? *read_ : value_; }

 private:
  const Value& value_;
  std::optional<Value> read_;
};

}  // namespace cairn::io
