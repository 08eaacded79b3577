#include <cairn/tools/digit_picture.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

namespace cairn::tools {

std::string digit_pictures(const std::vector<Tensor>& pictures, const std::string& between) {
  constexpr std::string_view inks = " .:-=+*#%@";
  std::string text;
  if (pictures.empty()) return text;
  const std::int64_t height = pictures.front().size(-2);
  for (std::int64_t row = 0; row < height; ++row) {
    std::string line;
    for (const Tensor& picture : pictures) {
      const std::int64_t width = picture.size(-1);
      const std::span<const float> pixels = picture.data<float>();
      if (!line.empty()) line += between;
      for (std::int64_t column = 0; column < width; ++column) {
        const float ink = std::clamp(pixels[static_cast<std::size_t>(row * width + column)], 0.0f, 1.0f);
        line.append(2, inks[static_cast<std::size_t>(ink * static_cast<float>(inks.size() - 1) + 0.5f)]);
      }
    }
    line.resize(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace cairn::tools
