#include <cairn/nn/conv2d.h>

#include "catch.h"
#include "models.h"

using namespace cairn;

TEST_CASE("a convolution multiplies what a kernel sees at every place, and adds its bias", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  nn::Conv2d layer(1, 2, 2, {.device = device});
  layer.weight.detach().copy_(tensor({1.0f, 2.0f, 3.0f, 4.0f, 1.0f, 0.0f, 0.0f, 0.0f}).view({2, 1, 2, 2}));
  layer.bias.detach().copy_(tensor({0.0f, 100.0f}));
  const Tensor x = arange(9).to(DType::float32).to(device).view({1, 1, 3, 3});
  CHECK(models::values(layer(x)) == std::vector<float>{27, 37, 57, 67, 100, 101, 103, 104});
  CHECK(layer(x[0]).shape() == Shape{2, 2, 2});
}

TEST_CASE("a convolution's first numbers come from the generator, weight first, within PyTorch's bounds") {
  const Generator generator(3), third(3);
  const nn::Conv2d layer(8, 4, {2, 4}, {.groups = 4, .generator = generator});
  CHECK(layer.weight.shape() == Shape{4, 2, 2, 4});
  CHECK(models::values(layer.weight) == models::values(uniform_(empty({4, 2, 2, 4}), -0.25, 0.25, third)));
  CHECK(models::values(layer.bias) == models::values(uniform_(empty({4}), -0.25, 0.25, third)));
}

TEST_CASE("a convolution prints as PyTorch's") {
  CHECK(to_string(nn::Conv2d(3, 4, 3, {.padding = "same"})) ==
        "Conv2d(3, 4, kernel_size=(3, 3), stride=(1, 1), padding=same)");
  CHECK(to_string(nn::Conv2d(4, 4, 3, {.groups = 2})) == "Conv2d(4, 4, kernel_size=(3, 3), stride=(1, 1), groups=2)");
  CHECK(to_string(nn::Conv2d(3, 4, {3, 2}, {.stride = {1, 2}, .dilation = {2, 1}, .bias = false})) ==
        "Conv2d(3, 4, kernel_size=(3, 2), stride=(1, 2), dilation=(2, 1), bias=False)");
}

TEST_CASE("a convolution's options are visible under PyTorch's names") {
  const nn::Conv2d layer(4, 6, {3, 2}, {.stride = {1, 2}, .padding = "valid", .dilation = 2, .groups = 2});
  CHECK((layer.in_channels == 4 && layer.out_channels == 6 && layer.groups == 2));
  CHECK((layer.kernel_size.height == 3 && layer.kernel_size.width == 2));
  CHECK((layer.stride.height == 1 && layer.stride.width == 2 && layer.dilation.height == 2));
  CHECK((layer.padding.name == "valid" && layer.padding_mode == "zeros"));
}

TEST_CASE("options that make no convolution are refused with PyTorch's texts") {
  const auto refused = [](std::int64_t in, std::int64_t out, const nn::Conv2dOptions& options, const char* message) {
    CHECK_THROWS_WITH(nn::Conv2d(in, out, 3, options), Catch::Matchers::Contains(message));
  };
  refused(3, 4, {.groups = 2}, "in_channels must be divisible by groups");
  refused(4, 3, {.groups = 2}, "out_channels must be divisible by groups");
  refused(4, 4, {.groups = 0}, "groups must be a positive integer");
  refused(3, 4, {.padding = "foo"}, "Invalid padding string 'foo', should be one of {'same', 'valid'}");
  refused(3, 4, {.stride = 2, .padding = "same"}, "padding='same' is not supported for strided convolutions");
  refused(3, 4, {.padding_mode = "circular"}, "padding_mode is 'circular', but only 'zeros' is supported");
  refused(-1, 4, {}, "must not be negative");
}

TEST_CASE("no input channels are a convolution too", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const nn::Conv2d layer(0, 2, 3, {.device = device});
  CHECK(models::values(layer.bias) == std::vector<float>{0, 0});
}
