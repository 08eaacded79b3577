// fork, exec and wait, with files for what the program says.
#include "program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace {

pid_t start(const std::vector<std::string>& arguments, const std::string& out, const std::string& err,
            const Run& how = {}) {
  const std::string program = how.program.empty() ? CAIRN_PROGRAM : how.program;
  std::vector<char*> pointers = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child > 0) return child;
  const int out_file = open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int err_file = open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  dup2(out_file, STDOUT_FILENO);
  dup2(err_file, STDERR_FILENO);
  for (const auto& [name, value] : how.environment) setenv(name.c_str(), value.c_str(), 1);
  execv(program.c_str(), pointers.data());
  _exit(127);
}

int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status); }

}  // namespace

Outcome run_program(const std::vector<std::string>& arguments, const Run& how) {
  const TemporaryFolder folder;
  const std::string out = how.out.empty() ? folder.file("out") : how.out;
  const pid_t child = start(arguments, out, folder.file("err"), how);
  int status = 0;
  waitpid(child, &status, 0);
  return {code_of(status), how.out.empty() ? read_file(out) : "", read_file(folder.file("err"))};
}

InstalledProgram::InstalledProgram() {
  std::filesystem::create_directories(folder());
  std::filesystem::create_directories(plugin_folder());
  std::filesystem::copy_file(CAIRN_PROGRAM, folder() + "/cairn");
}

void InstalledProgram::add_plugin(const std::string& path, const std::string& folder) const {
  const std::filesystem::path plugin(path);
  for (const auto& entry : std::filesystem::directory_iterator(plugin.parent_path())) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("lib") && name.find(".so") != name.npos && entry.path() != plugin)
      std::filesystem::create_symlink(entry.path(), std::filesystem::path(folder) / name);
  }
  const std::filesystem::path target = std::filesystem::path(folder) / "libcairn_cuda.so";
  std::filesystem::remove(target);
  std::filesystem::create_symlink(plugin, target);
}

Outcome InstalledProgram::run(const std::vector<std::string>& arguments,
                              std::map<std::string, std::string> environment) const {
  return run_program(arguments, {.program = folder() + "/cairn", .environment = std::move(environment)});
}

std::string plugin_under_test() {
  const char* given = std::getenv("CAIRN_TEST_BACKEND");
  return given != nullptr && *given != '\0' ? given : CAIRN_EMULATED_PLUGIN;
}

Outcome run_and_kill(double seconds, const std::vector<std::string>& arguments) {
  const TemporaryFolder folder;
  const pid_t child = start(arguments, folder.file("out"), folder.file("err"));
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  const auto text = [](const std::string& path) {
    return std::filesystem::exists(path) ? read_file(path) : std::string();
  };
  return {code_of(status), text(folder.file("out")), text(folder.file("err"))};
}

std::string last_line(const std::string& text) {
  const std::string trimmed = text.substr(0, text.find_last_not_of('\n') + 1);
  return trimmed.substr(trimmed.rfind('\n') + 1);
}

std::string mnist_folder() {
  const char* given = std::getenv("CAIRN_SHARED");
  const std::string folder = std::string(given != nullptr ? given : CAIRN_SHARED) + "/data/mnist";
  if (std::filesystem::exists(folder)) return folder;
  std::cerr << "MNIST is not in " << folder
            << ": the tests that need it check nothing. CAIRN_SHARED names the folder above data/mnist.\n";
  return {};
}
