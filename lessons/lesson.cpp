#include <cstdlib>
#include <random>
#include <string_view>
#include <system_error>

#include "lesson.h"

namespace {

constexpr const char* default_device = "sim:0";

[[noreturn]] void stop(int code, const std::string& why) {
  std::cerr << "error: " << why << "\n";
  std::exit(code);
}

std::filesystem::path new_folder() {
  std::random_device random;
  std::filesystem::path folder;
  do {
    folder = std::filesystem::temp_directory_path() / ("cairn-lesson-" + std::to_string(random()));
  } while (!std::filesystem::create_directory(folder));
  return folder;
}

}  // namespace

Lesson::Lesson(int argc, char** argv) {
  std::string name = default_device;
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--device" && i + 1 < argc) {
      name = argv[++i];
    } else if (option == "--data" && i + 1 < argc) {
      data = argv[++i];
    } else {
      stop(2, std::string("usage: ") + argv[0] + " [--device DEVICE] [--data FOLDER]");
    }
  }
  try {
    device = cairn::Device(name);
    // A backend that is no part of this program is a plug-in, which the build puts two folders up.
    cairn::load_backend(device.type(), {(std::filesystem::path(argv[0]).parent_path() / ".." / "..").string()});
    cairn::synchronize(device);
  } catch (const cairn::Error& error) {
    stop(4, error.what());
  }
  folder_ = new_folder();
}

Lesson::~Lesson() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}
