// The emulated CUDA plug-in, on a machine as a test wants it: the environment says what the driver answers.
//
//   CAIRN_EMULATED_DRIVER="ERROR VERSION"     what cudaGetDeviceCount returns, and the driver's version
//   CAIRN_EMULATED_DEVICES="COUNT"            how many GPUs there are
//
// The program under test runs in a process of its own, so it is steered from within: this library takes the plug-in's
// place, tells the emulation, and hands on the plug-in's table.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>

#include <cairn/core/backend.h>

namespace {

template <class Function>
Function* function_of(void* library, const char* name) {
  return reinterpret_cast<Function*>(dlsym(library, name));
}

}  // namespace

extern "C" [[gnu::visibility("default")]] const cairn::Backend* cairn_backend() {
  void* library = dlopen(CAIRN_EMULATED_PLUGIN, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    std::fprintf(stderr, "steered_plugin: %s\n", dlerror());
    std::abort();
  }
  int error = 0, version = 0;
  const char* driver = std::getenv("CAIRN_EMULATED_DRIVER");
  if (driver && std::sscanf(driver, "%d %d", &error, &version) == 2)
    function_of<void(int, int)>(library, "cairn_emulation_set_driver")(error, version);
  if (const char* devices = std::getenv("CAIRN_EMULATED_DEVICES"))
    function_of<void(int)>(library, "cairn_emulation_set_devices")(std::atoi(devices));
  return function_of<const cairn::Backend*()>(library, "cairn_backend")();
}
