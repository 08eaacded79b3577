// How long work tells how far it is, and is asked to stop.
#pragma once

#include <cstdint>
#include <functional>

namespace cairn {

/// Called with the bytes (or steps) done and their total, from the thread that started the work; returning false stops
/// it with a `Cancelled` error, leaving everything as an error at that point would.
using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

}  // namespace cairn
