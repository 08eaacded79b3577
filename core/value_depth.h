// How deep a recursion over a Value is, so that a hostile tree ends in an error and not in an exhausted stack.
#pragma once

#include <cairn/core/error.h>

namespace cairn {

int& value_depth();  ///< Of the calling thread.

/// One level of a recursion, while it lives; throws ValueError beyond 1000 levels, Python's own limit.
class ValueDepth {
 public:
  static constexpr int deepest = 1000;

  explicit ValueDepth(const char* what) {
    check<ValueError>(value_depth() < deepest, what, ": the value is nested more than ", deepest, " levels deep");
    ++value_depth();
  }
  ~ValueDepth() { --value_depth(); }
  ValueDepth(const ValueDepth&) = delete;
  ValueDepth& operator=(const ValueDepth&) = delete;
};

}  // namespace cairn
