#include <cstdlib>
#include <exception>
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

std::filesystem::path folder_to_leave;

/// What no lesson caught ends it as an error ends any program, and its files go all the same.
[[noreturn]] void end_by_exception() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_to_leave, ignored);
  std::cout.flush();
  std::string why = "it broke off";
  try {
    if (const std::exception_ptr uncaught = std::current_exception()) std::rethrow_exception(uncaught);
  } catch (const std::exception& error) {
    why = error.what();
  } catch (...) {
  }
  std::cerr << "error: " << why << "\n";
  std::_Exit(1);
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
  folder_ = folder_to_leave = new_folder();
  std::set_terminate(end_by_exception);
}

Lesson::~Lesson() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}
