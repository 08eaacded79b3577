// The program `cairn`: finds the command, runs it, and turns what goes wrong into a message and an exit code.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include <cairn/core/error.h>
#include <cairn/core/suggest.h>
#include <cairn/core/version.h>
#include <cairn/tools/command.h>

namespace cairn::tools {
namespace {

std::vector<Command> commands() { return {demo_command(), train_command(), ls_command(), verify_command()}; }

/// "error: ..." on stderr. Every message names the file it is about, once.
int report(int code, std::string_view message, std::string_view file = {}) {
  const bool named = file.empty() || message.find(file) != std::string_view::npos;
  fmt::print(stderr, "error: {}{}{}\n", named ? "" : file, named ? "" : ": ", message);
  return code;
}

/// Runs what was asked for. Whoever adds a kind of error decides here whose problem it is.
int run(const std::function<int()>& action) {
  try {
    return action();
  } catch (const UsageError& error) {
    return report(wrong_usage, error.what());
  } catch (const DeviceError& error) {
    return report(device_problem, error.what(), error.fields().file);
  } catch (const ValueError& error) {
    return report(wrong_usage, error.what(), error.fields().file);
  } catch (const Error& error) {
    return report(file_problem, error.what(), error.fields().file);
  } catch (const std::bad_alloc&) {
    return report(answer_is_no, "out of memory");
  } catch (const std::exception& error) {
    return report(answer_is_no, error.what());
  }
}

/// What was written must have arrived: `cairn ls F > /dev/full` is not fine.
int finish(int code) {
  errno = 0;
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return code;
  return report(file_problem, fmt::format("standard output: {}", std::strerror(errno != 0 ? errno : EIO)));
}

int unknown_command(const std::string& wanted, const std::vector<Command>& known) {
  std::vector<std::string> names;
  std::string list;
  for (const Command& command : known) {
    names.push_back(command.name);
    list += (list.empty() ? "" : ", ") + command.name;
  }
  const std::string meant = nearest(wanted, names);
  return report(wrong_usage,
                meant.empty()
                    ? fmt::format("there is no command '{}'; there are {}. `cairn --help` says more.", wanted, list)
                    : fmt::format("there is no command '{}'; did you mean `cairn {}`?", wanted, meant));
}

/// The long options of a command, for the nearest to a mistyped one.
std::string nearest_option(const std::string& wanted, const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return nearest(wanted.substr(0, wanted.find('=')), names);
}

int usage_fault(const CLI::ParseError& error, const CLI::App& app) {
  std::string command = "cairn", hint;
  for (const CLI::App* chosen : app.get_subcommands()) {
    command += " " + chosen->get_name();
    for (const std::string& extra : chosen->remaining()) {
      const std::string meant = nearest_option(extra, *chosen);
      if (!meant.empty()) hint = fmt::format(" Did you mean {}?", meant);
    }
  }
  return report(wrong_usage,
                fmt::format("{}{} `{} --help` says more.", error.what(), hint.empty() ? "." : "." + hint, command));
}

int main_program(int argc, char** argv) {
  CLI::App app("Cairn trains small networks and keeps them in files that notice every flipped bit.", "cairn");
  app.set_version_flag("--version", version(), "Print the version and the devices built in");
  app.require_subcommand(1);
  app.footer(
      "examples:\n"
      "  cairn demo                                         the main job in a few seconds\n"
      "  cairn train --data digits --epochs 5 --save m.cairn\n"
      "  cairn ls m.cairn                                   what is in a file\n"
      "  cairn verify m.cairn                               whether every byte of it is as it was written\n\n"
      "`cairn COMMAND --help` says more about each.\n"
      "exit codes: 0 fine, 1 the answer is \"no\", 2 wrong usage, 3 the file is the problem, 4 the device is");

  const std::vector<Command> known = commands();
  std::function<int()> action;
  for (const Command& command : known) {
    CLI::App* arguments = app.add_subcommand(command.name, command.summary);
    arguments->footer("examples:\n" + command.examples);
    arguments->callback([&action, run = command.declare(*arguments)] { action = run; });
  }

  if (argc > 1 && argv[1][0] != '-') {
    bool found = false;
    for (const Command& command : known) found = found || command.name == argv[1];
    if (!found) return unknown_command(argv[1], known);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    app.exit(asked);
    return finish(fine);
  } catch (const CLI::ParseError& error) {
    return usage_fault(error, app);
  }
  return finish(run(action));
}

}  // namespace
}  // namespace cairn::tools

int main(int argc, char** argv) { return cairn::tools::main_program(argc, argv); }
