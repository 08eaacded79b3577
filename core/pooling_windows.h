// Which numbers a window of pooling sees, and which windows see a number; the same for every backend.
#pragma once

#include <cstdint>

#include <cairn/core/attributes.h>
#include <cairn/core/host_device.h>

namespace cairn {

/// Numbers [begin, end) of a line; `size` counts padding, too.
struct PoolingWindow {
  std::int64_t begin, end, size;
};

/// The window of mean number `place`, of `places` in a line of `extent` numbers, in direction d (0 down, 1 across).
CAIRN_HOST_DEVICE inline PoolingWindow pooling_window(const AvgPool2dAttributes& attributes, int d, std::int64_t place,
                                                      std::int64_t extent, std::int64_t places) {
  if (attributes.adaptive) {
    const std::int64_t begin = place * extent / places, end = ((place + 1) * extent + places - 1) / places;
    return {begin, end, end - begin};
  }
  const std::int64_t begin = place * attributes.stride[d] - attributes.padding[d];
  const std::int64_t last = extent + attributes.padding[d];
  const std::int64_t end = begin + attributes.kernel[d] < last ? begin + attributes.kernel[d] : last;
  return {begin > 0 ? begin : 0, end < extent ? end : extent, end - begin};
}

/// What the sum over a window is divided by.
CAIRN_HOST_DEVICE inline std::int64_t pooling_divisor(const AvgPool2dAttributes& attributes, const PoolingWindow& y,
                                                      const PoolingWindow& x) {
  if (attributes.adaptive || (attributes.count_include_pad && attributes.divisor == 0)) return y.size * x.size;
  return attributes.divisor != 0 ? attributes.divisor : (y.end - y.begin) * (x.end - x.begin);
}

/// Places [begin, end) of windows.
struct PoolingPlaces {
  std::int64_t begin, end;
};

/// Of windows that reach over `reach` numbers and begin every `stride`, those that may see number i.
CAIRN_HOST_DEVICE inline PoolingPlaces places_that_see(std::int64_t i, std::int64_t reach, std::int64_t stride,
                                                       std::int64_t padding, std::int64_t places) {
  const std::int64_t above = i + padding - reach + 1, last = (i + padding) / stride + 1;
  return {above > 0 ? (above + stride - 1) / stride : 0, last < places ? last : places};
}

CAIRN_HOST_DEVICE inline PoolingPlaces places_that_see(const AvgPool2dAttributes& attributes, int d, std::int64_t i,
                                                       std::int64_t extent, std::int64_t places) {
  if (attributes.adaptive) return {i * places / extent, ((i + 1) * places + extent - 1) / extent};
  return places_that_see(i, attributes.kernel[d], attributes.stride[d], attributes.padding[d], places);
}

}  // namespace cairn
