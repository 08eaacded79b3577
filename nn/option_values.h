// Constructor options as Values, and back, where they are no plain numbers.
#pragma once

#include <string>

#include <cairn/core/error.h>
#include <cairn/core/ops.h>
#include <cairn/core/value.h>

namespace cairn::nn {

/// "none", "mean" or "sum", PyTorch's words.
inline Value to_value(Reduction reduction) {
  return reduction == Reduction::none ? "none" : reduction == Reduction::sum ? "sum" : "mean";
}
inline Reduction reduction_of(const Value& value) {
  for (const Reduction reduction : {Reduction::none, Reduction::mean, Reduction::sum}) {
    if (to_value(reduction).as_text() == value.as_text()) return reduction;
  }
  throw ValueError(text(value.as_text(), " is not a valid value for reduction"));
}

/// One number for both, or a pair of them, height first.
inline Value to_value(const Size2d& size) {
  return size.is_one ? Value(size.height) : Value(Tuple{size.height, size.width});
}
inline Size2d size_of(const Value& value) {
  return value.is(Value::Kind::integer) ? Size2d(value.as_int()) : Size2d(value[0].as_int(), value[1].as_int());
}

/// The same, or a name.
inline Value to_value(const Padding2d& padding) {
  return padding.name.empty() ? to_value(static_cast<const Size2d&>(padding)) : Value(padding.name);
}
inline Padding2d padding_of(const Value& value) {
  return value.is(Value::Kind::text) ? Padding2d(value.as_text()) : Padding2d(size_of(value));
}

/// The extents of a shape, in order.
inline Value to_value(const Shape& shape) {
  List extents;
  for (const std::int64_t extent : shape) extents.items.push_back(extent);
  return extents;
}
inline Shape shape_of(const Value& value) {
  Shape shape;
  for (const Value& extent : value.items()) shape.push_back(extent.as_int());
  return shape;
}

/// A weight, or None where there is none; the numbers are copied on the way back.
inline Value to_value(const Tensor& weight) { return weight.defined() ? Value(weight) : Value(); }
inline Tensor tensor_of(const Value& value) { return value.is_none() ? Tensor() : value.as_tensor().clone(); }

}  // namespace cairn::nn
