// Names that promise another format than the one that `save` writes.
#pragma once

#include <string_view>

namespace cairn::io {

/// Throws ValueError, saying what to call instead, if the path ends as files of another format do.
void check_save_name(std::string_view path);

}  // namespace cairn::io
