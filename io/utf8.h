// Whether bytes are UTF-8: no overlong form, no surrogate, nothing above U+10FFFF (RFC 3629).
#pragma once

#include <string_view>

namespace cairn::io {

bool is_utf8(std::string_view text);

}  // namespace cairn::io
