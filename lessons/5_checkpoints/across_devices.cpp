// From device to device: where the numbers were saved, where the model is, and where the input has to be.
//
// A model takes numbers from anywhere into where it lies, so `map_location` only decides where they wait meanwhile. An
// input must be brought to the model: `to` returns a tensor there, and leaves the one it is asked of where it is.
#include "simple_model.h"

using namespace cairn;

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  const Device cpu = "cpu", device = lesson.device;

  SimpleModel on_device, on_cpu;
  on_device.to(device);
  io::save(lesson.file("device.cairn"), on_device.state_dict());
  io::save(lesson.file("cpu.cairn"), on_cpu.state_dict());

  const auto show = [](const char* what, SimpleModel& model) { print(what, model.fc1->weight.device()); };

  SimpleModel model;
  model.load_state_dict(io::load(lesson.file("device.cairn"), {.map_location = cpu}));
  show("saved on the device, loaded on the CPU:   ", model);

  model.to(device);
  model.load_state_dict(io::load(lesson.file("device.cairn")));
  show("saved on the device, loaded there:        ", model);

  model.load_state_dict(io::load(lesson.file("cpu.cairn"), {.map_location = device}));
  show("saved on the CPU, loaded on the device:   ", model);

  model.to(next(device));
  model.load_state_dict(io::load(lesson.file("device.cairn"), {.map_location = next(device)}));
  show("saved on the device, loaded on another:   ", model);

  model.to(device);
  Tensor x = ones({1, 10});
  x.to(device);  // makes a tensor on the device and drops it
  print("\nx after x.to(device):    ", x.device());
  try {
    model(x);
  } catch (const DeviceError& error) {
    print(error.message());
  }
  x = x.to(device);
  print("x after x = x.to(device):", x.device());
  print(model(x).shape());
}
