// Which Cairn this is.
#pragma once

#include <string>

namespace cairn {

/// "0.1.0+cpu": the version and the devices that need a driver and are built in.
std::string version();

/// The instruction set the CPU's kernels use: "baseline", "avx2" or "avx512". Results are equal bit for bit only under
/// the same one, so a checkpoint records it.
std::string instruction_set();

}  // namespace cairn
