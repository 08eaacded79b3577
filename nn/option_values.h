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

/// A weight, or None where there is none; the numbers are copied on the way back.
inline Value to_value(const Tensor& weight) { return weight.defined() ? Value(weight) : Value(); }
inline Tensor tensor_of(const Value& value) { return value.is_none() ? Tensor() : value.as_tensor().clone(); }

}  // namespace cairn::nn
