// What scripts may rely on, whatever the command: exit codes, where messages go, --help, --version.
#include <cairn/tools/command.h>

#include <string>
#include <vector>

#include <cairn/core/version.h>

#include "catch.h"
#include "program.h"
#include "temporary_folder.h"

using cairn::tools::Command;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

TEST_CASE("every command says what it takes, with examples") {
  for (const Command& command : {cairn::tools::demo_command(), cairn::tools::train_command(),
                                 cairn::tools::ls_command(), cairn::tools::verify_command()}) {
    CAPTURE(command.name);
    const Outcome help = run_program({command.name, "--help"});
    CHECK(help.code == 0);
    CHECK(help.err.empty());
    CHECK_THAT(help.out, Contains(command.summary) && Contains("examples:") && Contains("  cairn " + command.name));
    CHECK_THAT(run_program({"--help"}).out, Contains("  " + command.name));
  }
}

TEST_CASE("--help lists commands, examples and exit codes") {
  const Outcome help = run_program({"--help"});
  CHECK(help.code == 0);
  CHECK_THAT(help.out, Contains("examples:") && Contains("exit codes: 0 fine"));
}

TEST_CASE("--version gives version and devices") {
  const Outcome version = run_program({"--version"});
  CHECK(version.code == 0);
  CHECK(version.out == cairn::version() + "\n");
  CHECK_THAT(version.out, StartsWith(CAIRN_VERSION "+cpu"));
}

TEST_CASE("wrong usage is exit code 2, a message on stderr, and nothing on stdout") {
  const std::vector<std::pair<std::vector<std::string>, std::string>> faults = {
      {{}, "subcommand"},
      {{"trian"}, "did you mean `cairn train`?"},
      {{"verfiy", "x"}, "did you mean `cairn verify`?"},
      {{"xyzzy"}, "there is no command 'xyzzy'; there are demo, train, ls, verify"},
      {{"ls"}, "FILE"},
      {{"ls", "a", "b"}, "b"},
      {{"ls", "a", "--jsno"}, "Did you mean --json?"},
      {{"train"}, "--data"},
      {{"train", "--data", "digits", "--epochs", "many"}, "many"},
      {{"train", "--data", "digits", "--epochs", "-1"}, "-1"},
      {{"train", "--data", "digits", "--model", "transformer"}, "there are 'mlp', 'cnn', 'resnet18'"},
      {{"train", "--data", "digits", "--model", "resnet"}, "the nearest is 'resnet18'"},
      {{"train", "--data", "digits", "--threads", "0"}, "threads"},
      {{"train", "--data", "digits", "--epoch", "3"}, "Did you mean --epochs?"},
  };
  for (const auto& [arguments, wanted] : faults) {
    CAPTURE(arguments);
    const Outcome outcome = run_program(arguments);
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, StartsWith("error: ") && Contains(wanted) && EndsWith("\n"));
  }
}

TEST_CASE("a file that is not there, not a file or not ours is exit code 3, and is named") {
  TemporaryFolder folder;
  const std::string text = folder.file("text");
  write_file(text, "hello, this is a text of more than a few bytes, but it is not a container at all\n");
  for (const std::string& path : {folder.file("absent"), folder.path(), text}) {
    for (const std::string command : {"ls", "verify"}) {
      CAPTURE(command, path);
      const Outcome outcome = run_program({command, path});
      CHECK(outcome.code == 3);
      CHECK_THAT(outcome.err, StartsWith("error: ") && Contains(path));
    }
    const Outcome resumed = run_program({"train", "--data", "digits", "--resume", path});
    CHECK(resumed.code == 3);
    CHECK_THAT(resumed.err, StartsWith("error: ") && Contains(path));
  }
  const Outcome data = run_program({"train", "--data", folder.file("absent")});
  CHECK(data.code == 3);
  CHECK_THAT(data.err, Contains(folder.file("absent")) && Contains("t10k-images-idx3-ubyte"));
}

TEST_CASE("a device that is not there or cannot compute is exit code 4") {
  for (const std::string device : {"sim:99", "meta", "tpu"}) {
    CAPTURE(device);
    const Outcome outcome = run_program({"train", "--data", "digits", "--device", device});
    CHECK(outcome.code == 4);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, StartsWith("error: "));
  }
}

TEST_CASE("a place that cannot be written is exit code 3, before any work") {
  const Outcome outcome =
      run_program({"train", "--data", "digits", "--epochs", "1000000", "--save", "/no/such/folder/m.cairn"});
  CHECK(outcome.code == 3);
  CHECK_THAT(outcome.err, Contains("/no/such/folder"));
}

TEST_CASE("stdout that takes nothing is an error, not silence") {
  TemporaryFolder folder;
  const std::string file = folder.file("m.cairn");
  REQUIRE(run_program({"train", "--data", "digits", "--epochs", "0", "--save", file}).code == 0);
  const Outcome outcome = run_program({"ls", file}, {.out = "/dev/full"});
  CHECK(outcome.code == 3);
  CHECK_THAT(outcome.err, Contains("standard output: No space left on device"));
}
