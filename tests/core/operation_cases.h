// What the tests of operations compute: one table of small cases whose gradients are checked number by number, and one
// of awkward ones (large, empty, of rank 64, long sums) on which devices are compared.
#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include <cairn/core.h>

struct Case {
  std::string name;
  std::vector<cairn::Shape> shapes;  // of the inputs
  /// Whatever else the computation needs it makes of its inputs' dtype and on their device.
  std::function<cairn::Tensor(const std::vector<cairn::Tensor>&)> compute;
  double low = -1.5, high = 1.5;  // the inputs lie between them
};

/// Every differentiable operation, on a few numbers.
const std::vector<Case>& small_cases();

/// Several thousand elements, odd lengths, nothing at all, no dimension, 10 and 64 of them, sums of many blocks.
const std::vector<Case>& awkward_cases();

/// Computed in whole numbers: inputs are int64.
const std::vector<Case>& whole_cases();

/// How the numbers of an input lie in memory.
enum class Layout {
  rows,      // one after the other
  spread,    // every second one of a larger tensor, its dimensions reversed
  repeated,  // the first row stands for all: stride 0
};
inline const char* name(Layout layout) {
  return layout == Layout::rows ? "rows" : layout == Layout::spread ? "spread" : "repeated";
}

/// The same numbers on a device, laid out so; a leaf.
cairn::Tensor laid_out(const cairn::Tensor& numbers, Layout layout, cairn::Device device = {});

/// The inputs of a case: uniform numbers, kept away from 0, where relu and abs have no slope; leaves that require a
/// gradient where they can.
std::vector<cairn::Tensor> inputs_of(const Case& test, Layout layout, cairn::DType dtype = cairn::DType::float64,
                                     cairn::Device device = {});
