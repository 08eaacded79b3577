// A lesson that ends by an exception, for uncaught.py.
#include "lesson.h"

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  cairn::io::save(lesson.file("left.cairn"), cairn::ones({2}));
  print("saved");
  cairn::io::load(lesson.file("right.cairn"));
}
