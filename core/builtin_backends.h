// The backends that are always there. CUDA comes through register_backend.
#pragma once

#include <span>

#include <cairn/core/backend.h>

namespace cairn {

const Backend& cpu_backend();   // cpu/cpu_backend.cpp
const Backend& meta_backend();  // meta_backend.cpp
const Backend& sim_backend();   // sim_backend.cpp

/// All of them.
std::span<const Backend* const> builtin_backends();

}  // namespace cairn
