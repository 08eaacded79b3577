// Devices: a tensor remembers where it lies, in a state dict and in a file, too.
//
// Loaded, it goes back there, unless `map_location` says where else. A model takes the numbers wherever they come from
// and keeps its own place.
#include "my_model.h"

using namespace cairn;

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);

  MyModel model;
  model.load_state_dict(StateDict{
      {"fc1.weight", tensor({0.4732f, 0.4301f, 0.1034f, 0.3597f, 0.1872f, -0.0266f}).view({2, 3})},
      {"fc1.bias", tensor({-0.2967f, 0.3656f})},
      {"fc2.weight", tensor({0.5535f, -0.5524f}).view({1, 2})},
      {"fc2.bias", tensor({0.1616f})},
  });
  model.to(lesson.device);
  io::save(lesson.file("model.cairn"), model.state_dict());
  print(model.state_dict());

  print("\nAs it was saved:");
  print(io::load(lesson.file("model.cairn")).as_state_dict());

  print("\nTo the CPU:");
  print(io::load(lesson.file("model.cairn"), {.map_location = "cpu"}).as_state_dict());

  const Value state = io::load(lesson.file("model.cairn"), {.map_location = lesson.device});
  MyModel on_cpu;
  on_cpu.load_state_dict(state);
  print("\nA model on the CPU stays there:    ", repr(on_cpu.fc1->weight.device()));

  MyModel on_device;
  on_device.to(lesson.device);
  on_device.load_state_dict(state);
  print("One on the device stays there, too:", repr(on_device.fc1->weight.device()));
}
