#include <cairn/tools/devices.h>

#include <filesystem>
#include <system_error>

#include <cairn/core/backend.h>
#include <cairn/core/error.h>
#include <cairn/core/plugin.h>

namespace cairn::tools {

std::vector<std::string> plugin_folders() {
  std::error_code failed;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) return {};
  const std::filesystem::path folder = program.parent_path();
  return {folder.string(), (folder / CAIRN_PLUGIN_FOLDER).lexically_normal().string()};
}

Device usable_device(const std::string& text) {
  const Device device(text);
  load_backend(device.type(), plugin_folders());
  check<DeviceError>(backend(device).has_numbers, to_string(device),
                     ": this device holds shapes without numbers; a model cannot be trained on it");
  return device;
}

std::string described(Device device) {
  return device.is_cpu() ? to_string(device) : text(device, " (", device_name(device), ")");
}

std::string device_help() {
  std::string names;
  for (const Device::Type type : device_types()) {
    if (!Device(type).is_meta()) names += text(names.empty() ? "" : ", ", name(type));
  }
  return text("Where to compute: ", names, "; with a number, as in TYPE:0, that one of several (cpu)");
}

}  // namespace cairn::tools
