// Devices whose backend is a plug-in: where the program looks for it, what it says is missing, and what it does there.
//
// The program is copied into a folder as if it were installed, so that it finds what a test puts there and nothing
// else.
#include <cairn/tools/devices.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <cairn/core/error.h>

#include "catch.h"
#include "devices.h"
#include "message_of.h"
#include "program.h"

using namespace cairn;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using nlohmann::json;

namespace {

const std::vector<std::string> short_training = {"train", "--data", "digits", "--epochs", "1", "--json"};

std::vector<std::string> training(const std::string& device, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {"train", "--data", "digits", "--device", device};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

/// The devices recorded in a file, as `cairn ls` tells them.
std::vector<std::string> recorded(const InstalledProgram& program, const std::string& file) {
  std::vector<std::string> devices;
  const json facts = json::parse(program.run({"ls", file, "--json"}).out);
  for (const json& tensor : facts["tensors"]) devices.push_back(tensor["device"]);
  return devices;
}

}  // namespace

TEST_CASE("a device of a backend that is in the program needs no plug-in", "[device]") {
  for (const Device device : everywhere()) CHECK(tools::usable_device(to_string(device)) == device);
  CHECK(tools::usable_device("sim") == Device("sim:0"));
  CHECK_THROWS_WITH(tools::usable_device("meta"), Contains("shapes without numbers"));
  CHECK(message_of([] { tools::usable_device("sim:99"); }) ==
        "there is no sim:99: 8 such devices are present, numbered from 0");
  CHECK_THROWS_AS(tools::usable_device("tpu"), DeviceError);
}

TEST_CASE("a device is described by its name and its product's") {
  CHECK(tools::described("cpu") == "cpu");
  CHECK(tools::described("sim:1") == "sim:1 (emulated accelerator)");
  CHECK_THAT(tools::device_help(), Contains("cpu, sim, cuda;"));
}

TEST_CASE("without a plug-in the program says where it looked, with exit code 4, and computes on") {
  const InstalledProgram program;
  for (const std::vector<std::string>& command : {training("cuda:0"), {"demo", "--device", "cuda"}}) {
    const Outcome outcome = program.run(command);
    CHECK(outcome.code == 4);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err,
               StartsWith("error: the plug-in for cuda devices was not found: libcairn_cuda.so is neither in ") &&
                   Contains(program.folder() + ", ") && Contains(program.plugin_folder() + " nor"));
  }
  CHECK(program.run(short_training).code == 0);
}

TEST_CASE("a plug-in is found beside the program and where it is installed", "[device]") {
  for (const bool installed : {false, true}) {
    CAPTURE(installed);
    const InstalledProgram program;
    program.add_plugin(plugin_under_test(), installed ? program.plugin_folder() : program.folder());
    const Outcome outcome = program.run(training("cuda:0", {"--epochs", "1", "--json"}));
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    const json found = json::parse(outcome.out), expected = json::parse(program.run(short_training).out);
    CHECK(found["train_loss"].get<double>() == Approx(expected["train_loss"].get<double>()).epsilon(1e-4));
    CHECK(found["test_accuracy"].get<double>() == Approx(expected["test_accuracy"].get<double>()).margin(0.01));
  }
}

TEST_CASE("a plug-in is opened only when its device is asked for") {
  const InstalledProgram program;
  write_file(program.folder() + "/libcairn_cuda.so", "this is no library");
  CHECK(program.run(short_training).code == 0);
  CHECK(program.run({"--version"}).code == 0);
  const Outcome outcome = program.run(training("cuda:0"));
  CHECK(outcome.code == 4);
  CHECK_THAT(outcome.err, StartsWith("error: load_backend: the plug-in cannot be opened: ") &&
                              Contains(program.folder() + "/libcairn_cuda.so"));
}

TEST_CASE("what is missing on the machine has a text of its own, PyTorch's where it has one, and exit code 4") {
  const InstalledProgram program;
  program.add_plugin(CAIRN_STEERED_PLUGIN, program.folder());
  const auto said = [&](const std::string& device, const std::map<std::string, std::string>& environment) {
    const Outcome outcome = program.run(training(device), environment);
    CHECK(outcome.code == 4);
    CHECK(outcome.out.empty());
    return outcome.err;
  };
  CHECK_THAT(said("cuda:0", {{"CAIRN_EMULATED_DRIVER", "35 0"}}),  // cudaErrorInsufficientDriver, and none found
             StartsWith("error: Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU and "
                        "installed a driver from http://www.nvidia.com/Download/index.aspx\n") &&
                 Contains("use \"cpu\""));
  CHECK_THAT(said("cuda:0", {{"CAIRN_EMULATED_DRIVER", "35 11040"}}),
             StartsWith("error: The NVIDIA driver on your system is too old (found version 11040). "));
  CHECK_THAT(said("cuda:0", {{"CAIRN_EMULATED_DRIVER", "100 13000"}}),  // cudaErrorNoDevice
             StartsWith("error: No CUDA GPUs are available\n"));
  CHECK_THAT(said("cuda:0", {{"CAIRN_EMULATED_DEVICES", "0"}}), StartsWith("error: No CUDA GPUs are available\n"));
  CHECK(said("cuda:1", {{"CAIRN_EMULATED_DEVICES", "1"}}) ==
        "error: there is no cuda:1: 1 such device is present, number 0\n");
  CHECK(said("cuda:7", {{"CAIRN_EMULATED_DEVICES", "2"}}) ==
        "error: there is no cuda:7: 2 such devices are present, numbered from 0\n");
}

TEST_CASE("a library that is no plug-in is told from one") {
  const InstalledProgram program;
  const std::string emulated = CAIRN_EMULATED_PLUGIN;
  const std::string other = emulated.substr(0, emulated.rfind('/')) + "/libcublas.so";
  std::filesystem::create_symlink(other, program.folder() + "/libcairn_cuda.so");
  const Outcome outcome = program.run(training("cuda:0"));
  CHECK(outcome.code == 4);
  CHECK_THAT(outcome.err, Contains("is not a plug-in of Cairn's"));
}

TEST_CASE("the demo tells its whole story on a device of a plug-in", "[device]") {
  const InstalledProgram program;
  program.add_plugin(plugin_under_test(), program.folder());
  const std::string file = program.folder() + "/d.cairn";
  const Outcome outcome = program.run({"demo", "--device", "cuda:0", "--save", file});
  CAPTURE(outcome.err);
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.out, Contains("loaded on cuda:0 ("));
  CHECK_THAT(outcome.out, Contains("equal, bit for bit") && Contains("the same, byte for byte"));
  CHECK_THAT(outcome.out,
             Contains("the model to cpu, the rest to cuda:0") && Contains("<All keys matched successfully>"));
  CHECK_THAT(outcome.out, Contains("The resumed run equals the unbroken one, bit for bit."));
  CHECK(program.run({"verify", file}).code == 0);
  const std::vector<std::string> devices = recorded(program, file);
  CHECK(std::count(devices.begin(), devices.end(), "cuda:0") > 10);
  for (const std::string& device : devices) CHECK((device == "cuda:0" || device == "cpu"));
}

TEST_CASE("a run written on a device goes on without it, and the reverse", "[device]") {
  const InstalledProgram with, without;
  with.add_plugin(plugin_under_test(), with.plugin_folder());
  const std::string file = with.folder() + "/m.cairn", whole = with.folder() + "/whole.cairn";
  const auto trained = [](const InstalledProgram& program, const std::string& device, const std::string& save,
                          const std::string& epochs, bool resume) {
    std::vector<std::string> more = {"--epochs", epochs, "--save", save, "--json"};
    if (resume) more.insert(more.end(), {"--resume", save});
    const Outcome outcome = program.run(training(device, more));
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    CHECK(program.run({"verify", save}).code == 0);
    return json::parse(outcome.out);
  };
  const json expected = trained(without, "cpu", whole, "4", false);

  trained(with, "cuda:0", file, "1", false);
  CHECK(recorded(without, file).front() == "cuda:0");  // read without the device
  CHECK(without.run(training("cuda:0", {"--resume", file})).code == 4);
  const json second = trained(without, "cpu", file, "2", true);
  CHECK(second["epochs"] == 2);
  CHECK(recorded(without, file).front() == "cpu");
  trained(with, "cuda:0", file, "3", true);
  CHECK(recorded(without, file).front() == "cuda:0");
  const json last = trained(without, "cpu", file, "4", true);
  CHECK(last["train_loss"].get<double>() == Approx(expected["train_loss"].get<double>()).epsilon(1e-2));
  CHECK(last["test_accuracy"].get<double>() == Approx(expected["test_accuracy"].get<double>()).margin(0.02));
}

TEST_CASE("resumed on the device it was stopped on, a run ends with the same file, byte for byte", "[device]") {
  const InstalledProgram program;
  program.add_plugin(plugin_under_test(), program.folder());
  const std::string whole = program.folder() + "/whole", broken = program.folder() + "/broken";
  REQUIRE(program.run(training("cuda:0", {"--epochs", "2", "--save", whole})).code == 0);
  REQUIRE(program.run(training("cuda:0", {"--epochs", "1", "--save", broken})).code == 0);
  REQUIRE(program.run(training("cuda:0", {"--epochs", "2", "--save", broken, "--resume", broken})).code == 0);
  CHECK((read_file(broken) == read_file(whole)));
}
