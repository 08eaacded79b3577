// How fast a device is: the cases of gpu_cases.h, each on its own or in turns with a peer.
//
//   gpu --device TYPE:0                          all cases, one line each
//   gpu --device TYPE:0 --case matmul-4096-float32 --json
//   gpu --device TYPE:0 --serve                  for gpu_report.py, which lets this program and the peer take turns:
//
//       ◄ matmul-4096-float32                    the name of a case: made ready and warmed up if it is another than
//       before, ► {"seconds": 0.0026, "bytes": 0, ...}   then timed for one round ◄ losses ► {"mlp-3-5-2-b4": 0.69,
//       ...}
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <cairn/core/devices.h>
#include <cairn/core/error.h>

#include "device.h"
#include "gpu_cases.h"

using namespace benchmarks;
using Json = nlohmann::ordered_json;

namespace {

constexpr double round_seconds = 0.05;

/// The case that is ready on the device: one at a time, so that each has the device's memory for itself.
class Bench {
 public:
  Bench(std::vector<GpuCase> cases, cairn::Device device) : cases_(std::move(cases)), device_(device) {}

  const std::vector<GpuCase>& cases() const { return cases_; }

  /// The seconds of one call, in one round.
  double round(const std::string& name) {
    if (name != ready_) make_ready(name);
    return timed_round(work_->contender);
  }

  Json result(const std::string& name, double seconds) const {
    return {{"case", name},       {"section", find(name).section}, {"device", to_string(device_)},
            {"seconds", seconds}, {"bytes", work_->bytes},         {"flops", work_->flops}};
  }

 private:
  const GpuCase& find(const std::string& name) const {
    const auto found = std::ranges::find(cases_, name, &GpuCase::name);
    cairn::check<cairn::ValueError>(found != cases_.end(), "there is no case ", name, "; --list lists them");
    return *found;
  }

  void make_ready(const std::string& name) {
    ready_.clear();
    work_.reset();
    const GpuCase& wanted = find(name);
    work_ = wanted.make(device_);
    warm_up(work_->contender, 2 * round_seconds, round_seconds);
    ready_ = name;
  }

  std::vector<GpuCase> cases_;
  cairn::Device device_;
  std::string ready_;
  std::optional<Work> work_;
};

void serve(Bench& bench, cairn::Device device) {
  for (std::string line; std::getline(std::cin, line);) {
    try {
      if (line == "losses") {
        fmt::print("{}\n", losses_json(device));
      } else {
        const double seconds = bench.round(line);
        fmt::print("{}\n", bench.result(line, seconds).dump());
      }
    } catch (const std::exception& error) {
      fmt::print("{}\n", Json{{"error", error.what()}}.dump());
    }
    std::fflush(stdout);
  }
}

void print_row(const Json& result) {
  const double seconds = result["seconds"], bytes = result["bytes"], flops = result["flops"];
  fmt::print("{:26} {:>12.2f} us", result["case"].get<std::string>(), seconds * 1e6);
  if (bytes > 0) fmt::print(" {:>10.2f} GB/s", bytes / seconds / 1e9);
  if (flops > 0) fmt::print(" {:>10.3f} TFLOP/s", flops / seconds / 1e12);
  fmt::print("\n");
  std::fflush(stdout);
}

int run(Bench& bench, const std::vector<std::string>& names, const std::vector<std::string>& sections, int rounds,
        bool json) {
  Json results = Json::array();
  for (const GpuCase& one : bench.cases()) {
    if (!names.empty() && std::ranges::find(names, one.name) == names.end()) continue;
    if (!sections.empty() && std::ranges::find(sections, one.section) == sections.end()) continue;
    try {
      std::vector<double> seconds;
      for (int round = 0; round < rounds; ++round) seconds.push_back(bench.round(one.name));
      results.push_back(bench.result(one.name, median(seconds)));
      if (!json) print_row(results.back());
    } catch (const cairn::DTypeError& error) {
      if (!json) fmt::print("{:26} {}\n", one.name, error.message());
    }
  }
  if (json) fmt::print("{}\n", Json{{"results", results}}.dump());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Times what a device does: training steps, matrix products, kernels, copies, files."};
  bool json = false, list = false, tiny = false, serving = false;
  int rounds = 15;
  std::string folder = std::filesystem::temp_directory_path().string();
  std::vector<std::string> names, sections;
  app.add_flag("--json", json, "print one line of JSON");
  app.add_flag("--list", list, "print the names of the cases");
  app.add_flag("--tiny", tiny, "cases so small that an emulated device can do them");
  app.add_flag("--serve", serving, "time the cases named on standard input, a round each");
  app.add_option("--case", names, "only these cases");
  app.add_option("--section", sections, "only these: steps, products, memory, copies, files")
      ->check(CLI::IsMember({"steps", "products", "memory", "copies", "files"}));
  app.add_option("--rounds", rounds, "of which the median counts")->check(CLI::Range(1, 1000));
  app.add_option("--folder", folder, "where files are saved to");
  DeviceArguments where;
  where.declare(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    fmt::print(stderr, "error: {}; see --help\n", error.what());
    return 2;
  }

  try {
    std::vector<GpuCase> cases = gpu_cases(tiny, folder);
    if (list) {
      for (const GpuCase& one : cases) fmt::print("{} {}\n", one.section, one.name);
      return 0;
    }
    for (const std::string& name : names) {
      if (std::ranges::find(cases, name, &GpuCase::name) != cases.end()) continue;
      fmt::print(stderr, "error: there is no case {}; --list lists them\n", name);
      return 2;
    }
    const cairn::Device device = where.device();
    Bench bench(std::move(cases), device);
    if (serving) {
      fmt::print("{}\n", Json{{"device", to_string(device)}, {"name", cairn::device_name(device)}}.dump());
      std::fflush(stdout);
      serve(bench, device);
      return 0;
    }
    if (!json) fmt::print("{} ({}), medians of {} rounds\n", to_string(device), cairn::device_name(device), rounds);
    return run(bench, names, sections, rounds, json);
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
