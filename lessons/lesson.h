// What every lesson begins with: the device it runs on, a folder for its files, and Python's print().
//
//   int main(int argc, char** argv) {
//     const Lesson lesson(argc, argv);
//     io::save(lesson.file("data.cairn"), ones({2}, {.device = lesson.device}));
//     print("saved", io::load(lesson.file("data.cairn")));
//   }
//
// A lesson is a program of its own, to be read from top to bottom. It runs on an emulated accelerator unless told
// otherwise, `--device cpu` or `--device cuda:0`, and leaves no file behind. An exception that it does not catch ends
// it with that error's text and 1.
#pragma once

#include <filesystem>
#include <iostream>
#include <string>

#include <cairn/cairn.h>

class Lesson {
 public:
  /// Reads the command line. What it cannot mean ends the program with 2, a device that is not there with 4.
  Lesson(int argc, char** argv);
  ~Lesson();  ///< The files go.
  Lesson(const Lesson&) = delete;
  Lesson& operator=(const Lesson&) = delete;

  cairn::Device device;
  std::string data;  ///< `--data`: a folder with a data set; empty if there is none.

  /// A path in a folder that is the lesson's alone.
  std::string file(const std::string& name) const { return (folder_ / name).string(); }

 private:
  std::filesystem::path folder_;
};

/// The device of the same type with the next number.
inline cairn::Device next(cairn::Device device) { return {device.type(), device.index() + 1}; }

/// All of them in a line, with blanks between.
template <class... Parts>
void print(const Parts&... parts) {
  const char* blank = "";
  ((std::cout << blank << parts, blank = " "), ...);
  std::cout << "\n";
}
