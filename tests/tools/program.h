// Runs the program `cairn` as a script would: arguments in; exit code, stdout and stderr out.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "temporary_folder.h"

struct Outcome {
  int code = -1;  ///< The exit code, or minus the signal that ended it.
  std::string out, err;
};

/// How a program is run other than usually.
struct Run {
  std::string out = {};                                 ///< A file (such as /dev/full) that stdout goes to.
  std::string program = {};                             ///< Another program than the one that was built.
  std::map<std::string, std::string> environment = {};  ///< Variables set beside those there are.
};

/// Runs the program and waits for it.
Outcome run_program(const std::vector<std::string>& arguments, const Run& how = {});

/// A copy of the program in a folder of its own, as if installed there: PREFIX/bin/cairn. It finds the plug-ins that a
/// test puts beside it, and no others.
class InstalledProgram {
 public:
  InstalledProgram();

  std::string folder() const { return prefix_.file("bin"); }
  std::string plugin_folder() const { return prefix_.file("lib/cairn"); }

  /// Puts the plug-in at `path` into a folder under the name that the program looks for, with the libraries beside it.
  void add_plugin(const std::string& path, const std::string& folder) const;

  Outcome run(const std::vector<std::string>& arguments, std::map<std::string, std::string> environment = {}) const;

 private:
  TemporaryFolder prefix_;
};

/// The plug-in that device tests run with: the one CAIRN_TEST_BACKEND names, else the CUDA backend on an emulated GPU.
std::string plugin_under_test();

/// Runs the program, and kills it with SIGKILL after so many seconds unless it has ended by then.
Outcome run_and_kill(double seconds, const std::vector<std::string>& arguments);

std::string last_line(const std::string& text);

/// The folder of MNIST's t10k pair: under the folder named by CAIRN_SHARED in the environment, or beside the source
/// tree; empty, with a word on stderr, where there is none.
std::string mnist_folder();
