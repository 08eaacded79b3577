// Images: convolution and pooling.
#include "operation_cases_families.h"

using namespace cairn;

namespace {

Case conv2d_case(const Shape& x, const Shape& weight, const ConvolutionOptions& options, bool with_bias = true) {
  const auto pair = [](const Size2d& size) { return text(size.height, ' ', size.width); };
  const std::string called =
      text("conv2d of ", bracketed(x), " with ", bracketed(weight), ", stride ", pair(options.stride), ", padding ",
           options.padding.name.empty() ? pair(options.padding) : options.padding.name, ", dilation ",
           pair(options.dilation), with_bias ? "" : ", without bias");
  if (with_bias)
    return {called, {x, weight, {weight[0]}}, [options](auto& in) { return conv2d(in[0], in[1], in[2], options); }};
  return {called, {x, weight}, [options](auto& in) { return conv2d(in[0], in[1], {}, options); }};
}

Case max_pool2d_case(const Shape& x, const Size2d& kernel, const MaxPoolingOptions& options) {
  return {text("max_pool2d of ", bracketed(x), " by ", kernel.height, ' ', kernel.width,
               options.ceil_mode ? ", ceil_mode" : ""),
          {x},
          [=](auto& in) { return max_pool2d(in[0], kernel, options); }};
}

Case avg_pool2d_case(const Shape& x, const Size2d& kernel, const AveragePoolingOptions& options) {
  return {text("avg_pool2d of ", bracketed(x), " by ", kernel.height, ' ', kernel.width,
               options.ceil_mode ? ", ceil_mode" : "", options.count_include_pad ? "" : ", padding not counted",
               options.divisor_override ? ", divisor given" : ""),
          {x},
          [=](auto& in) { return avg_pool2d(in[0], kernel, options); }};
}

Case adaptive_case(const Shape& x, const Size2d& size) {
  return {text("adaptive_avg_pool2d of ", bracketed(x), " to ", size.height, ' ', size.width), {x}, [=](auto& in) {
            return adaptive_avg_pool2d(in[0], size);
          }};
}

/// The indices are numbers of the result, so that they are compared as well.
Case max_pool2d_indices_case(const Shape& x) {
  return {text("max_pool2d of ", bracketed(x), " with indices"), {x}, [](auto& in) {
            const ValuesAndIndices both = max_pool2d_with_indices(in[0], 2);
            return both.values + as(in[0], both.indices);
          }};
}

}  // namespace

void add_image_cases(Tables& tables) {
  auto &small = tables.small, &awkward = tables.awkward;
  add(small,
      {conv2d_case({2, 2, 4, 3}, {3, 2, 3, 2}, {}),
       conv2d_case({2, 3, 4}, {2, 2, 2, 2}, {}, false),
       conv2d_case({1, 2, 4, 4}, {2, 2, 3, 3}, {.padding = "same"}),
       conv2d_case({1, 1, 3, 4}, {1, 1, 2, 4}, {.padding = "same", .dilation = {2, 1}}),
       conv2d_case({2, 4, 5, 4}, {6, 2, 3, 2}, {.stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 2}, .groups = 2}),
       conv2d_case({1, 1, 7, 6}, {2, 1, 2, 3}, {.stride = {3, 2}, .padding = {1, 0}, .dilation = {2, 2}}),
       conv2d_case({1, 2, 5, 5}, {2, 2, 1, 1}, {.stride = 2}),
       conv2d_case({1, 3, 3, 3}, {3, 1, 2, 2}, {.padding = 2, .groups = 3}, false),
       conv2d_case({0, 2, 4, 3}, {3, 2, 3, 2}, {}),
       max_pool2d_case({2, 2, 4, 5}, 2, {}),
       max_pool2d_case({2, 5, 4}, {3, 2}, {.stride = Size2d(2, 1), .padding = {1, 0}, .ceil_mode = true}),
       max_pool2d_case({1, 1, 7, 6}, 2, {.stride = 1, .padding = 1, .dilation = {3, 2}}),
       max_pool2d_case({0, 2, 4, 4}, 2, {}),
       max_pool2d_indices_case({2, 1, 5, 4}),
       avg_pool2d_case({2, 2, 4, 5}, 2, {}),
       avg_pool2d_case({2, 5, 5}, {3, 2}, {.stride = 2, .padding = 1, .ceil_mode = true}),
       avg_pool2d_case({1, 2, 5, 5}, 3, {.stride = Size2d(1, 2), .padding = 1, .count_include_pad = false}),
       avg_pool2d_case({1, 1, 4, 4}, 3, {.padding = 1, .divisor_override = 2}),
       avg_pool2d_case({0, 1, 4, 4}, 2, {}),
       adaptive_case({2, 2, 5, 4}, {2, 3}),
       adaptive_case({2, 3, 2}, {5, 3}),
       adaptive_case({2, 2, 3, 4}, 1),
       adaptive_case({0, 2, 3, 4}, 2)});

  add(awkward,
      {conv2d_case({3, 17, 9, 11}, {20, 17, 3, 3}, {.padding = 1}),
       conv2d_case({2, 33, 7, 7}, {65, 33, 3, 3}, {.padding = "same"}),
       conv2d_case({2, 5, 6, 300}, {9, 5, 2, 3}, {.stride = {1, 2}, .padding = {0, 1}}),
       conv2d_case({40, 3, 1, 1}, {8, 3, 3, 3}, {.padding = 1}, false),
       conv2d_case({2, 8, 15, 14}, {12, 2, 5, 3}, {.stride = 3, .padding = 2, .dilation = {1, 2}, .groups = 4}),
       conv2d_case({5, 20, 8, 8}, {24, 20, 1, 1}, {}), conv2d_case({1, 60, 3, 3}, {250, 60, 3, 3}, {.padding = 1}),
       max_pool2d_case({3, 7, 29, 31}, 3, {.stride = 2, .padding = 1}), max_pool2d_case({3, 7, 28, 40}, 2, {}),
       max_pool2d_case({2, 3, 9, 40}, {2, 5}, {.stride = Size2d(3, 4), .dilation = {2, 3}, .ceil_mode = true}),
       max_pool2d_case({1, 2, 1, 1}, 2, {.stride = 1, .padding = 1, .dilation = 2}),
       avg_pool2d_case({3, 7, 29, 31}, 3, {.stride = 2, .padding = 1}), adaptive_case({3, 7, 29, 31}, {7, 6}),
       adaptive_case({2, 3, 4, 5}, {9, 1})});
  for (Case& test : awkward)
    if (test.name.starts_with("conv2d")) test.low = -1, test.high = 2;  // no sum near 0
}
