// Where a checkpoint can go: a file, memory, or anything that takes bytes; and where it can come from.
//
// Reading asks for bytes at an offset, so that a reader is a function of its own: of an archive, a socket's buffer, a
// database. Writing hands the bytes over from first to last.
#include <algorithm>
#include <span>
#include <vector>

#include "lesson.h"

using namespace cairn;

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  const Tensor x = tensor<std::int64_t>({0, 1, 2, 3, 4});

  io::save(lesson.file("tensor.cairn"), x);
  print("from a file:    ", io::load(lesson.file("tensor.cairn")));

  const Bytes buffer = io::save_to_memory(x);
  print("from memory:    ", io::load_memory(buffer.data));

  std::vector<std::byte> taken;
  io::save_to([&](std::span<const std::byte> bytes) { taken.insert(taken.end(), bytes.begin(), bytes.end()); }, x);
  const auto read = [&](std::uint64_t offset, std::span<std::byte> to) {
    std::copy_n(taken.begin() + static_cast<std::ptrdiff_t>(offset), to.size(), to.begin());
  };
  print("from a function:", io::load(io::function_source(taken.size(), read)));

  print("the same bytes: ", taken == buffer.data ? "yes" : "no");
}
