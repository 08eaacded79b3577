// Saving and loading: what may lie in a file, and what never does.
//
// A file holds numbers, text, lists, dicts and tensors, and nothing that could be run. So whatever its sender meant, a
// file is loaded without a warning; PyTorch's loader, made to read any object, warned in 2.4 and refuses since 2.6. A
// module or an object of one's own goes in as data, and it is the program that makes an object of it again.
#include "lesson.h"

using namespace cairn;

struct MyObject {
  std::int64_t a, b, c;
};

Value to_value(const MyObject& object) { return {{"a", object.a}, {"b", object.b}, {"c", object.c}}; }

MyObject my_object(const Value& value) { return {value["a"].as_int(), value["b"].as_int(), value["c"].as_int()}; }

std::ostream& operator<<(std::ostream& out, const MyObject& object) {
  return out << "MyObject(a=" << object.a << ", b=" << object.b << ", c=" << object.c << ")";
}

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);

  io::save(lesson.file("data.cairn"), tensor<std::int64_t>({1, 2, 3}));
  print(io::load(lesson.file("data.cairn")));

  // A whole model: its class, its options and its numbers. A registry lists the classes that a file may make.
  io::save(lesson.file("model.cairn"), nn::to_value(nn::Linear(3, 2)));
  const Value whole = io::load(lesson.file("model.cairn"));
  print(*nn::from_value(whole, nn::Registry::built_in()));
  try {
    nn::from_value(whole, nn::Registry());
  } catch (const KeyError& error) {
    print("without a registered class:", error.message());
  }

  io::save(lesson.file("obj.cairn"), to_value(MyObject{1, 2, 3}));
  print(my_object(io::load(lesson.file("obj.cairn"))));

  print("This is version", version());
}
