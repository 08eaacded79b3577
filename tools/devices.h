// The device that a command computes on, as the command line names it.
//
// The program itself computes on the CPU and on what is emulated. The backend of any other type of device is a plug-in
// (core/plugin.h), opened when such a device is asked for and not before: the program starts as fast without one, and
// is the same on machines with and without the device. The plug-in lies beside the program, as in a build folder, or
// where an installation keeps it:
//
//   build/cairn   build/libcairn_TYPE.so          PREFIX/bin/cairn   PREFIX/lib/cairn/libcairn_TYPE.so
#pragma once

#include <string>
#include <vector>

#include <cairn/core/device.h>

namespace cairn::tools {

/// The device of that name. Throws DeviceError where it cannot compute, saying what is missing: the plug-in, the
/// driver, the device, or the one of that number.
Device usable_device(const std::string& text);

/// "sim:0 (emulated accelerator)"
std::string described(Device device);

/// For --help: the types of device that can be named.
std::string device_help();

/// Where plug-ins are looked for: absolute paths.
std::vector<std::string> plugin_folders();

}  // namespace cairn::tools
