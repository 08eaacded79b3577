// Backends opened at run time: a shared library that holds one, beside a program that was built without it.
//
//   program (no GPU code) ── load_backend(Device::Type::cuda) ──► libcairn_cuda.so ── cairn_backend() ──► Backend
//
// The library and the program share the C table of backend.h and nothing else, so that one program serves machines with
// and without the device, and each may be built by another compiler. Nothing is opened unless it is asked for here.
#pragma once

#include <string>
#include <vector>

#include <cairn/core/device.h>

namespace cairn {

/// Opens the library at `path` and registers the backend in it. It stays open as long as the process. Throws
/// DeviceError when there is no such library, when it cannot be opened (the loader's reason is in the text), when it
/// holds no backend, or one of another version.
void load_backend(const std::string& path);

/// Opens the plug-in for a type of device, libcairn_TYPE.so: in `folders`, in order, then where the system's loader
/// looks. Does nothing when the type has a backend already. Throws DeviceError as above, naming where it looked.
void load_backend(Device::Type type, const std::vector<std::string>& folders = {});

}  // namespace cairn
