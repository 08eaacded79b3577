// Telling a caller's progress function, and stopping when it says so.
#pragma once

#include <cstdint>

#include <cairn/core/error.h>
#include <cairn/core/progress.h>

namespace cairn::io {

inline void report(const Progress& progress, std::uint64_t done, std::uint64_t total) {
  if (progress && !progress(done, total)) throw Cancelled(text("cancelled after ", done, " of ", total, " bytes"));
}

}  // namespace cairn::io
