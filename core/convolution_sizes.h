// The extents of a convolution of images, read off its operands by every backend's kernels.
//
//   x [n, groups in, height, width]    weight [groups out, in, kernel height, kernel width]
//   y [n, groups out, y_height, y_width]          `in` and `out` are the channels of one group
#pragma once

#include <cstdint>

#include <cairn/core/attributes.h>
#include <cairn/core/backend.h>
#include <cairn/core/host_device.h>

namespace cairn {

struct ConvolutionSizes {
  std::int64_t n, groups, in, out, height, width, y_height, y_width, kernel_height, kernel_width;
  Conv2dAttributes attributes;

  ConvolutionSizes(const View& y, const View& x, const View& weight, const void* given)
      : n(x.dims[0]),
        groups(static_cast<const Conv2dAttributes*>(given)->groups),
        in(weight.dims[1]),
        out(weight.dims[0] / groups),
        height(x.dims[2]),
        width(x.dims[3]),
        y_height(y.dims[2]),
        y_width(y.dims[3]),
        kernel_height(weight.dims[2]),
        kernel_width(weight.dims[3]),
        attributes(*static_cast<const Conv2dAttributes*>(given)) {}

  CAIRN_HOST_DEVICE std::int64_t taps() const { return kernel_height * kernel_width; }
  CAIRN_HOST_DEVICE std::int64_t x_plane() const { return height * width; }
  CAIRN_HOST_DEVICE std::int64_t y_plane() const { return y_height * y_width; }
};

}  // namespace cairn
