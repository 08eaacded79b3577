#include <cairn/io/utf8.h>

#include <cstddef>
#include <cstdint>

namespace cairn::io {

bool is_utf8(std::string_view text) {
  const auto* byte = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = byte + text.size();
  while (byte < end) {
    if (*byte < 0x80) {
      ++byte;
      continue;
    }
    const int length = *byte < 0xc2 ? 0 : *byte < 0xe0 ? 2 : *byte < 0xf0 ? 3 : *byte < 0xf5 ? 4 : 0;
    if (length == 0 || end - byte < length) return false;
    std::uint32_t point = *byte & (0x7fu >> length);
    for (int i = 1; i < length; ++i) {
      if ((byte[i] & 0xc0) != 0x80) return false;
      point = point << 6 | (byte[i] & 0x3fu);
    }
    if (length == 3 && (point < 0x800 || (point >= 0xd800 && point < 0xe000))) return false;
    if (length == 4 && (point < 0x10000 || point > 0x10ffff)) return false;
    byte += length;
  }
  return true;
}

}  // namespace cairn::io
