// Opens the plug-in that the environment variable CAIRN_TEST_BACKEND names, before any test runs. Linked into every
// test program, so that each runs on the plug-in's device by that variable alone.
//
// A plug-in that cannot be opened ends the program with status 1: the tests were asked to run with it. One that finds
// no device of its kind on this machine ends it with status 77 and says so, which ctest takes for "skipped" where a
// test needs hardware (cairn_test in tests/CMakeLists.txt), and for a failure elsewhere.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

#include <cairn/core/backend.h>
#include <cairn/core/plugin.h>

namespace {

using namespace cairn;

constexpr int failed = 1, skipped = 77;

std::vector<const Backend*> known_backends() {
  std::vector<const Backend*> known;
  for (const Device::Type type : device_types()) known.push_back(find_backend(type));
  return known;
}

[[noreturn]] void end(int status, const char* plugin, const char* text) {
  std::fprintf(stderr, "%s: %s: %s\n", status == skipped ? "skipped" : "error", plugin, text);
  std::fflush(stderr);
  std::_Exit(status);
}

bool open_plugin() {
  const char* plugin = std::getenv("CAIRN_TEST_BACKEND");
  if (!plugin || !*plugin) return false;
  const std::vector<const Backend*> before = known_backends();
  try {
    load_backend(plugin);
  } catch (const std::exception& error) {
    end(failed, plugin, error.what());
  }
  const Backend* opened = nullptr;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (const Backend* now = known_backends()[i]; now != before[i]) opened = now;
  }
  if (!opened) end(failed, plugin, "it brought no backend that was not there before");
  if (opened->device_count() == 0) end(skipped, plugin, opened->why_none ? opened->why_none() : "it has no device");
  return true;
}

[[maybe_unused]] const bool opened = open_plugin();

}  // namespace
