// Runs a kernel's grid on the host, block after block, the threads of a block as fibers.
//
//   thread 0 ─── to its first barrier ┐   thread 1 ─── to its first barrier ┐  ...   all there: on to the next one
//
// Threads run one after the other on one stack until one of them comes to a barrier; it keeps that stack, and those
// after it get another. A kernel without barriers is a plain loop. Every other block runs its threads in reverse, and
// the blocks run from the last to the first, so that results which depend on the order show.
#pragma once

#include <cuda_runtime.h>

#include <functional>
#include <string>

namespace emulation {

/// Runs the grid. Returns what went wrong, or "".
std::string run_grid(dim3 grid, dim3 block, const std::function<void()>& thread);

}  // namespace emulation
