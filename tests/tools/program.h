// Runs the program `cairn` as a script would: arguments in; exit code, stdout and stderr out.
#pragma once

#include <string>
#include <vector>

struct Outcome {
  int code = -1;  ///< The exit code, or minus the signal that ended it.
  std::string out, err;
};

/// Runs the program and waits for it. `out_path`: a file (such as /dev/full) that stdout goes to instead.
Outcome run_program(const std::vector<std::string>& arguments, const std::string& out_path = {});

/// Runs the program, and kills it with SIGKILL after so many seconds unless it has ended by then.
Outcome run_and_kill(double seconds, const std::vector<std::string>& arguments);

std::string last_line(const std::string& text);

/// The folder of MNIST's t10k pair: under the folder named by CAIRN_SHARED in the environment, or beside the source
/// tree; empty, with a word on stderr, where there is none.
std::string mnist_folder();
