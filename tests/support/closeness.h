// How near a device's numbers must be to the CPU's: one table for all tests.
//
// A device computes by the CPU's definitions (core/elementwise.h), adds in the CPU's order (core/sum_tree.h) and fuses
// no multiplication with an addition, so its bits are the CPU's, with these exceptions, for each operation on the way:
//
//   operation                                  float32, float64                            float16, bfloat16
//   exp, log, tanh, sigmoid, erf, pow          7 ulp of each element                        2 ulp of the largest
//   the slopes of exp, tanh, sigmoid, erf;     7 ulp of each element and of the largest     element; 16 for the
//   gelu and its slopes                                                                     gradient of log_softmax,
//   softmax, log_softmax, cross_entropy,       8 ulp of the largest element                 which reads logarithms
//   binary_cross_entropy (from logits too),
//   and their gradients
//   matmul, linear, conv2d, gradients          2e-5, 1e-12 of the largest element
//   all others                                 equal
//
// The library functions of a processor and of a GPU differ in their last places (the CPU's are right to 5 ulp:
// tests/core/packet_test.cpp; CUDA documents 1 and 2), and matrix products are added in another order, by cuBLAS. What
// follows from such a number differs likewise; an error relative to the largest element is what subtraction leaves of
// it. In 16 bits the reference is the CPU's float32 result, rounded once; a chain of operations is rounded on the way.
//
// sim runs the CPU's kernels, and must give the CPU's bits throughout, in 16 bits up to that rounding.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <cairn/core/dispatch.h>
#include <cairn/core/error.h>
#include <cairn/core/operation.h>

#include "devices.h"

/// Allowed differences, relative to the element itself and to the largest element beside it.
struct Closeness {
  double of_element = 0, of_largest = 0;
};

inline double epsilon_of(cairn::DType dtype) {
  switch (dtype) {
    case cairn::DType::float16:
      return 0x1p-10;
    case cairn::DType::bfloat16:
      return 0x1p-7;
    case cairn::DType::float32:
      return std::numeric_limits<float>::epsilon();
    default:
      return std::numeric_limits<double>::epsilon();
  }
}

inline bool is_half(cairn::DType dtype) { return dtype == cairn::DType::float16 || dtype == cairn::DType::bfloat16; }

/// The table above for one operation in float32 or float64.
inline Closeness closeness_of(cairn::Operation operation, cairn::DType dtype) {
  const double ulp = epsilon_of(dtype), product = dtype == cairn::DType::float32 ? 2e-5 : 1e-12;
  switch (operation) {
    using enum cairn::Operation;
    case exp:
    case log:
    case tanh:
    case sigmoid:
    case erf:
    case pow:
      return {7 * ulp, 0};
    case gelu:
    case gelu_tanh:
    case gelu_backward:
    case gelu_tanh_backward:
    case exp_backward:
    case tanh_backward:
    case sigmoid_backward:
    case erf_backward:
      return {7 * ulp, 7 * ulp};
    case softmax:
    case softmax_backward:
    case log_softmax:
    case log_softmax_backward:
    case cross_entropy:
    case cross_entropy_backward:
    case binary_cross_entropy:
    case binary_cross_entropy_backward:
    case binary_cross_entropy_with_logits:
    case binary_cross_entropy_with_logits_backward:
      return {0, 8 * ulp};
    case matmul:
    case linear:
    case linear_backward:
    case conv2d:
    case conv2d_backward:
      return dtype == cairn::DType::int64 ? Closeness{} : Closeness{0, product};
    default:
      return {};
  }
}

/// The operations a computation went through, with their dtypes, in order.
class Operations final : public cairn::Tracer {
 public:
  using Seen = std::pair<cairn::Operation, cairn::DType>;

  std::vector<Seen> seen;
  void traced(cairn::Operation operation, cairn::DType dtype, std::span<const cairn::Tensor* const>, const void*,
              std::size_t) override {
    seen.emplace_back(operation, dtype);
  }
};

/// What the table allows a result of these operations on the device.
inline Closeness closeness_of(cairn::Device device, const std::vector<Operations::Seen>& operations) {
  Closeness allowed;
  for (const auto& [operation, dtype] : operations) {
    if (is_half(dtype)) {
      allowed.of_largest += (operation == cairn::Operation::log_softmax_backward ? 16 : 2) * epsilon_of(dtype);
      continue;
    }
    if (device.type() == cairn::Device::Type::sim) continue;
    const Closeness one = closeness_of(operation, dtype);
    allowed.of_element += one.of_element;
    allowed.of_largest += one.of_largest;
  }
  return allowed;
}

/// Empty where every element of `found` is as near to `expected` as allowed; else what differs first.
inline std::string difference(const cairn::Tensor& found, const cairn::Tensor& expected, Closeness allowed) {
  using cairn::text;
  if (!(found.shape() == expected.shape())) return text("has shape ", found.shape(), ", expected ", expected.shape());
  if (found.dtype() != expected.dtype()) return text("is ", found.dtype(), ", expected ", expected.dtype());
  if (!cairn::is_floating_point(found.dtype())) {
    const auto a = numbers<std::int64_t>(found), b = numbers<std::int64_t>(expected);
    for (std::size_t i = 0; i < a.size(); ++i)
      if (a[i] != b[i]) return text("element ", i, " is ", a[i], ", expected ", b[i]);
    return "";
  }
  const auto a = numbers<double>(found), b = numbers<double>(expected);
  double largest = 0;
  for (const double value : b)
    if (std::isfinite(value)) largest = std::max(largest, std::abs(value));
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    if (a[i] == b[i] && std::signbit(a[i]) == std::signbit(b[i])) continue;
    const double bound = allowed.of_element * std::abs(b[i]) + allowed.of_largest * largest;
    if (std::abs(a[i] - b[i]) <= bound) continue;
    return text("element ", i, " of ", a.size(), " is ", a[i], ", expected ", b[i], " within ", bound);
  }
  return "";
}
