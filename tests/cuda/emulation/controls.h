// How tests steer the emulation: C functions that the plug-in exports beside its entry point, found by dlsym.
#pragma once

#include <cstddef>
#include <cstdint>

namespace emulation {

/// What is alive, to see that nothing leaks.
struct Census {
  std::uint64_t device_blocks, device_bytes, pinned_blocks, streams, events, pools;
  std::uint64_t calls;    ///< Of the runtime's functions, so far.
  std::uint64_t waiting;  ///< Pieces of work that nobody had waited for when this was asked.
};

}  // namespace emulation

extern "C" {
/// As when the process started: two devices, 4 GiB each, a driver as new as the runtime, no errors. What is alive
/// stays.
void cairn_emulation_reset();

/// The call of `function` after the next `skip` of them fails with `error`, without doing anything; null: of whichever.
/// "kernel" is the execution of a kernel: it does not take place, and a call that waits later says so.
void cairn_emulation_fail_next(const char* function, int skip, int error);
/// Whether that failure has not happened yet. Takes it back.
bool cairn_emulation_withdraw();

void cairn_emulation_set_devices(int count);
/// What cudaGetDeviceCount returns (0: the count) and cudaDriverGetVersion gives.
void cairn_emulation_set_driver(int error, int version);
/// Of each device, in bytes.
void cairn_emulation_set_memory(std::size_t bytes);

/// What the calling thread would find as an application that uses CUDA itself: its device, and the error last met.
int cairn_emulation_current_device();
void cairn_emulation_use_device(int device);
int cairn_emulation_last_error();

void cairn_emulation_census(emulation::Census* census);
}
