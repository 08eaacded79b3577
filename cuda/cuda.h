// "cuda:N", linked in: a program that includes this file and links Cairn::cuda has NVIDIA's GPUs as devices.
//
//   #include <cairn/cuda.h>
//   ...
//   const Device device = device_count(Device::Type::cuda) > 0 ? "cuda:0" : "cpu";
//
// Nothing of CUDA is called before the first question about a device. Where the backend is better opened at run time,
// as a plug-in, core/plugin.h does that, and this file is not needed.
#pragma once

namespace cairn {

/// Makes the backend known; once is enough.
bool register_cuda();

// Here, not in a file of the library: the linker would leave out a file that nobody refers to.
inline const bool cuda_is_registered = register_cuda();

}  // namespace cairn
