// Pictures as text: two characters a pixel, darker ones for more ink.
#pragma once

#include <string>
#include <vector>

#include <cairn/core/tensor.h>

namespace cairn::tools {

/// The pictures side by side, one text line for each row of pixels. Each is float32 [height, width] or [1, height,
/// width] in [0, 1]; all of one height.
std::string digit_pictures(const std::vector<Tensor>& pictures, const std::string& between = "   ");

}  // namespace cairn::tools
