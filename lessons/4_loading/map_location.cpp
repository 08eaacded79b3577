// map_location: where tensors go that were saved on some device.
//
// In five ways: back to where they were, all to one device, a storage as the function gets it (on the CPU), a storage
// as the function moves it, and by a table of devices. A tag other than a device's name is the application's own to
// read.
#include <optional>

#include "lesson.h"

using namespace cairn;

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  const Device first = lesson.device, second = next(first);
  const std::string path = lesson.file("tensors.cairn");

  io::save(path, ones({2}, {.device = second}));
  print("as saved:           ", io::load(path));
  print("all to the CPU:     ", io::load(path, {.map_location = "cpu"}));
  print("as a function gets: ",
        io::load(path, {.map_location = [](const Tensor& storage, const std::string&) { return storage; }}));
  print(
      "as a function moves:",
      io::load(path, {.map_location = [&](const Tensor& storage, const std::string&) { return storage.to(second); }}));
  print("by a table:         ", io::load(path, {.map_location = {{to_string(second), first}}}));

  // A device that is not there is an error, and PyTorch's text says what to do.
  const Device absent(first.type(), 99);
  io::save(path, ones({2}), {.location_tag = [&](const Tensor&) { return to_string(absent); }});
  try {
    io::load(path);
  } catch (const DeviceError& error) {
    print("\n" + error.message() + "\n");
  }

  // A tag of one's own, in the file and out of it.
  io::save(path, ones({2}), {.location_tag = [](const Tensor&) { return "the large one"; }});
  const auto restore = [&](std::string_view tag) -> std::optional<Device> {
    if (tag == "the large one") return second;
    return std::nullopt;  // a device's name
  };
  print("by a tag:           ", io::load(path, {.restore_location = restore}));
}
