// The device that a benchmark runs on: --device, and --plugin where its backend is not to be found in the build folder,
// which lies above the programs.
#pragma once

#include <CLI/CLI.hpp>

#include <filesystem>
#include <string>

#include <cairn/core/backend.h>
#include <cairn/core/device.h>
#include <cairn/core/plugin.h>

namespace benchmarks {

struct DeviceArguments {
  std::string name = "cpu", plugin;

  void declare(CLI::App& app) {
    app.add_option("--device", name, "where to compute (cpu)");
    app.add_option("--plugin", plugin, "the device's backend, if it is not in the build folder")->type_name("FILE");
  }

  /// Throws DeviceError where it is not there.
  cairn::Device device() const {
    const cairn::Device device(name);
    if (!plugin.empty()) cairn::load_backend(plugin);
    const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe");
    cairn::load_backend(device.type(), {program.parent_path().parent_path().string()});
    cairn::backend(device);
    return device;
  }
};

}  // namespace benchmarks
