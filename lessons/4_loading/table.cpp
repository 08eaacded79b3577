// What is in a file: a table of its tensors, without building a model.
//
// A loaded checkpoint is a tree of plain values; any of it can be read. A state dict's tensors are numbers only: none
// of them requires a gradient, whatever the model they came from did.
#include <iomanip>
#include <sstream>

#include "lesson.h"

using namespace cairn;

/// Text, or anything that prints, in a column of so many letters.
template <class T>
std::string column(const T& value, int width) {
  std::ostringstream text, padded;
  text << value;
  padded << std::left << std::setw(width) << text.str();
  return padded.str();
}

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  nn::Sequential network{nn::Linear(4, 3), nn::BatchNorm1d(3)};
  network.to(lesson.device);
  io::save(lesson.file("tensors.cairn"), {{"state_dict", network.state_dict()}});

  const Value model = io::load(lesson.file("tensors.cairn"));
  for (const auto& [name, value] : model["state_dict"].as_state_dict()) {
    const Tensor& tensor = value.as_tensor();
    print(column(name, 50) + column(tensor.shape(), 40) + column(to_string(tensor.device()), 10) +
          column(Value(tensor.requires_grad()), 10));
  }
}
