// What is wrong with a file, and where: the one form that refusals of a container have.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <cairn/core/error.h>
#include <cairn/io/source.h>

namespace cairn::io {

[[noreturn]] inline void refuse(const Source& source, std::uint64_t offset, const char* section, std::string_view what,
                                std::string hint = "") {
  throw FormatError(text(source.name(), ": byte ", offset, ": ", section, ": ", what),
                    {.file = source.name(), .offset = offset, .section = section, .hint = std::move(hint)});
}

}  // namespace cairn::io
