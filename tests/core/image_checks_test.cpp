// Images that cannot be convolved or pooled are refused with PyTorch's texts. operations/convolution.cpp, pooling.cpp.
//
// tests/peers/image_cases.py compares every two mistakes with PyTorch itself, and which of them is found.
#include <functional>

#include <cairn/core/ops.h>

#include "catch.h"
#include "message_of.h"

using namespace cairn;

namespace {

struct Row {
  std::function<Tensor()> compute;
  std::string text;
};

void check_texts(const std::vector<Row>& rows) {
  for (const Row& row : rows) CHECK(message_of(row.compute) == row.text);
}

Row conv(const Shape& x, const Shape& weight, const ConvolutionOptions& options, const std::string& text) {
  return {[=] { return conv2d(zeros(x), zeros(weight), {}, options); }, text};
}

Row with_bias(const Tensor& weight, const Tensor& bias, const std::string& text) {
  return {[=] { return conv2d(zeros({1, 4, 5, 5}), weight, bias); }, text};
}

Row max_pool(const Shape& x, const Size2d& kernel, const MaxPoolingOptions& options, const std::string& text) {
  return {[=] { return max_pool2d(zeros(x), kernel, options); }, text};
}

Row avg_pool(const Shape& x, const Size2d& kernel, const AveragePoolingOptions& options, const std::string& text) {
  return {[=] { return avg_pool2d(zeros(x), kernel, options); }, text};
}

Row adaptive(const Shape& x, const Size2d& size, const std::string& text) {
  return {[=] { return adaptive_avg_pool2d(zeros(x), size); }, text};
}

}  // namespace

TEST_CASE("a convolution's options are checked: padding, stride, dilation, groups") {
  const Shape x = {1, 4, 5, 5}, w = {4, 4, 3, 3};
  check_texts(
      {conv(x, w, {.stride = {0, 1}}, "non-positive stride is not supported"),
       conv(x, w, {.stride = -1}, "non-positive stride is not supported"),
       conv(x, w, {.padding = {0, -1}}, "negative padding is not supported"),
       conv(x, w, {.stride = 0, .padding = -1}, "negative padding is not supported"),
       conv(x, w, {.padding = "neither", .groups = 0}, "Invalid padding string: 'neither'"),
       conv(x, w, {.stride = {1, 2}, .padding = "same"}, "padding='same' is not supported for strided convolutions"),
       conv(x, w, {.dilation = {0, 1}}, "dilation should be greater than zero, but got [0, 1]"),
       conv(x, w, {.dilation = {1, -1}}, "dilation should be greater than zero"),
       conv(x, w, {.stride = 0, .dilation = 0}, "non-positive stride is not supported"),
       conv(x, w, {.stride = 0, .groups = 0}, "non-positive groups is not supported"),
       conv(x, w, {.groups = 3},
            "Given groups=3, expected weight to be divisible by 3 at dimension 0, but got weight of size "
            "[[4, 4, 3, 3]] instead"),
       conv(x, w, {.groups = 5},
            "Given groups=5, expected weight to be at least 5 at dimension 0, but got weight of size [4, 4, 3, 3] "
            "instead")});
}

TEST_CASE("a convolution's operands are checked: ranks, channels, sizes, dtypes") {
  const Shape x = {1, 4, 5, 5}, w = {4, 4, 3, 3};
  check_texts(
      {conv({2, 3}, w, {}, "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [2, 3]"),
       conv(x, {4, 4}, {}, "weight should have at least three dimensions"),
       conv(x, {4, 4, 3}, {.stride = {2, 3}},
            "expected stride to be a single integer value or a list of 1 values to match the convolution dimensions, "
            "but got stride=[2, 3]"),
       conv({4, 5, 5}, {4, 4, 3}, {.padding = "same"},
            "Expected 3-dimensional input for 3-dimensional weight[4, 4, 3], but got 4-dimensional input of size "
            "[1, 4, 5, 5] instead"),
       conv({3, 5, 5}, w, {},
            "Given groups=1, weight of size [4, 4, 3, 3], expected input[1, 3, 5, 5] to have 4 channels, but got 3 "
            "channels instead"),
       conv({1, 4, 2, 1}, {4, 4, 5, 5}, {.padding = 1},
            "Calculated padded input size per channel: (4 x 3). Kernel size: (5 x 5). Kernel size can't be greater "
            "than actual input size"),
       conv(x, w, {.dilation = {3, 1}},
            "Calculated padded input size per channel: (5 x 5). Kernel size: (7 x 3). Kernel size can't be greater "
            "than actual input size"),
       conv({1, 4, 0, 5}, w, {.padding = {2, 0}},
            "Only zero batch or zero channel inputs are supported, but got input shape: [1, 4, 0, 5]"),
       conv(x, {4, 4, 0, 3}, {}, "kernel size should be greater than zero, but got kernel_height: 0 kernel_width: 3"),
       conv(x, {4, 4, 0, 3}, {.dilation = 2}, "kernel size should be greater than zero, but got [0, 3]"),
       with_bias(
           zeros(w), zeros({3}),
           "Given weight of size [4, 4, 3, 3], expected bias to be 1-dimensional with 4 elements, but got bias of "
           "size [3] instead"),
       with_bias(zeros(w), zeros({4}, {.dtype = DType::float16}),
                 "Input type (float) and bias type (c10::Half) should be the same"),
       with_bias(zeros(w, {.dtype = DType::float64}), {}, "expected scalar type Float but found Double")});
}

TEST_CASE("a pooling's windows are checked, before the image") {
  const Shape x = {1, 4, 5, 5}, empty = {1, 4, 0, 5};
  check_texts(
      {max_pool({2, 3}, 0, {}, "non-empty 3D or 4D (batch mode) tensor expected for input"),
       avg_pool({2, 3}, 2, {}, "Dimension out of range (expected to be in range of [-2, 1], but got -3)"),
       max_pool(empty, 2, {.stride = 0}, "stride should not be zero"),
       avg_pool(x, {2, -1}, {.stride = -1}, "kernel size should be greater than zero, but got kH: 2 kW: -1"),
       avg_pool(empty, 2, {.stride = -1}, "stride should be greater than zero, but got dH: -1 dW: -1"),
       max_pool(x, 2, {.padding = -1}, "pad must be non-negative, but got pad: -1"),
       max_pool(empty, 3, {.padding = 2},
                "pad should be at most half of effective kernel size, but got pad=2, kernel_size=3 and dilation=1"),
       max_pool(
           x, 3, {.padding = {2, 1}, .dilation = 3},
           "pad should be smaller than or equal to half of kernel size, but got padW = 1, padH = 2, kW = 3, kH = 3"),
       max_pool(x, 2, {.dilation = {1, 0}}, "dilation should be greater than zero, but got dilationH: 1 dilationW: 0"),
       avg_pool(x, 0, {.divisor_override = 0}, "divisor must be not zero"),
       max_pool(empty, 2, {},
                "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, but got:[1, 4, 0, 5]"),
       avg_pool({4, 2, 9}, 3, {},
                "Given input size: (4x2x9). Calculated output size: (4x0x3). Output size is too small")});
  CHECK(max_pool2d(zeros({0, 4, 5, 5}), 3).shape() == Shape{0, 4, 1, 1});
}

TEST_CASE("an adaptive pooling's sizes are checked") {
  check_texts({adaptive({2, 3}, -1, "Input dimension should be at least 3"),
               adaptive({1, 4, 5, 5}, {2, -1},
                        "adaptive_avg_pool2d: elements of output_size must be greater than or equal to 0 but received "
                        "{2, -1}"),
               adaptive({1, 1, 4, 5, 5}, 2, "adaptive_avg_pool2d(): Expected 3D or 4D tensor, but got [1, 1, 4, 5, 5]"),
               adaptive({1, 4, 0, 5}, 2,
                        "adaptive_avg_pool2d(): Expected input to have non-zero size for non-batch dimensions, but "
                        "input has sizes [1, 4, 0, 5] with dimension 2 being empty")});
  CHECK(adaptive_avg_pool2d(zeros({1, 0, 5, 5}), 2).shape() == Shape{1, 0, 2, 2});
}
