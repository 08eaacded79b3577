// A command of the program: its name, what it takes, and what it does.
//
// Each command lies in a file of its own, which ends in the function that returns its `Command`; main.cpp holds the
// list.
//
//   exit code   0 fine   1 the answer is "no"   2 wrong usage   3 the file is the problem   4 the device is
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace cairn::tools {

enum ExitCode : int { fine = 0, answer_is_no = 1, wrong_usage = 2, file_problem = 3, device_problem = 4 };

/// Wrong usage that only the command itself can see.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Command {
  std::string name;
  std::string summary;   ///< One line.
  std::string examples;  ///< What --help ends with: a command and what it does on each line.

  /// Declares the arguments and returns what to do once they are parsed; that returns an exit code, or throws.
  std::function<std::function<int()>(CLI::App& arguments)> declare;
};

Command demo_command();    // demo.cpp
Command train_command();   // train.cpp
Command ls_command();      // ls.cpp
Command verify_command();  // verify.cpp

}  // namespace cairn::tools
