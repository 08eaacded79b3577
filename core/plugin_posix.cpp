#include <cairn/core/plugin.h>

#include <dlfcn.h>

#include <filesystem>

#include <cairn/core/backend.h>
#include <cairn/core/error.h>

namespace cairn {
namespace {

constexpr const char* entry_point = "cairn_backend";

std::string loader_error() {
  const char* error = dlerror();
  return error ? error : "no reason given";
}

void register_from(void* library, const std::string& path) {
  using EntryPoint = const Backend* (*)();
  const auto entry = reinterpret_cast<EntryPoint>(dlsym(library, entry_point));
  check<DeviceError>(entry, "load_backend: ", path, " is not a plug-in of Cairn's: it has no function ", entry_point);
  register_backend(*entry());
}

}  // namespace

void load_backend(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  check<DeviceError>(library, "load_backend: the plug-in cannot be opened: ", loader_error());
  register_from(library, path);
}

void load_backend(Device::Type type, const std::vector<std::string>& folders) {
  if (find_backend(type)) return;
  const std::string file = text("libcairn_", name(type), ".so");
  std::string places;
  for (const std::string& folder : folders) {
    const std::filesystem::path path = std::filesystem::path(folder) / file;
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) return load_backend(path.string());
    places += (places.empty() ? "" : ", ") + folder;
  }
  if (void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL)) return register_from(library, file);
  throw DeviceError(text("the plug-in for ", name(type), " devices was not found: ", file, " is ",
                         places.empty() ? "not" : "neither in " + places + " nor", " where the system's loader looks"),
                    {.hint = text("build it with ./dev build --", name(type),
                                  ", or name its folder; the loader says: ", loader_error())});
}

}  // namespace cairn
