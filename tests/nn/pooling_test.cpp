#include <cairn/nn/pooling.h>

#include "catch.h"
#include "models.h"

using namespace cairn;

TEST_CASE("a window becomes its largest number or its mean", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = arange(16).to(DType::float32).to(device).view({1, 4, 4});
  CHECK(models::values(nn::MaxPool2d(2)(x)) == std::vector<float>{5, 7, 13, 15});
  CHECK(models::values(nn::MaxPool2d(3, {.stride = 2, .padding = 1})(x)) == std::vector<float>{5, 7, 13, 15});
  CHECK(models::values(nn::AvgPool2d(2)(x)) == std::vector<float>{2.5, 4.5, 10.5, 12.5});
  CHECK(models::values(nn::AdaptiveAvgPool2d({1, 2})(x)) == std::vector<float>{6.5, 8.5});
  CHECK(models::values(nn::AdaptiveAvgPool2d(1)(x)) == std::vector<float>{7.5});
}

TEST_CASE("poolings print as PyTorch's") {
  CHECK(to_string(nn::MaxPool2d({2, 3}, {.stride = Size2d(1, 2), .padding = 1})) ==
        "MaxPool2d(kernel_size=(2, 3), stride=(1, 2), padding=1, dilation=1, ceil_mode=False)");
  CHECK(to_string(nn::MaxPool2d(3, {.ceil_mode = true})) ==
        "MaxPool2d(kernel_size=3, stride=3, padding=0, dilation=1, ceil_mode=True)");
  CHECK(to_string(nn::AvgPool2d({2, 3}, {.stride = 2, .ceil_mode = true})) ==
        "AvgPool2d(kernel_size=(2, 3), stride=2, padding=0)");
  CHECK(to_string(nn::AdaptiveAvgPool2d(5)) == "AdaptiveAvgPool2d(output_size=5)");
  CHECK(to_string(nn::AdaptiveAvgPool2d({5, 7})) == "AdaptiveAvgPool2d(output_size=(5, 7))");
}

TEST_CASE("a pooling's options are visible under PyTorch's names, its stride as the kernel's size unless given") {
  const nn::MaxPool2d max({2, 3}, {.padding = 1, .ceil_mode = true});
  CHECK((max.kernel_size.width == 3 && max.stride.width == 3 && max.padding.height == 1 && max.dilation.height == 1));
  CHECK(max.ceil_mode);
  const nn::AvgPool2d mean(2, {.stride = 1, .count_include_pad = false, .divisor_override = 3});
  CHECK((mean.stride.height == 1 && !mean.count_include_pad && mean.divisor_override == 3));
  CHECK(nn::AdaptiveAvgPool2d({5, 7}).output_size.width == 7);
}
