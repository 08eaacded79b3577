// Runs every golden case and names each that fails.
//
//   golden                    the cases in tests/golden/reference; those listed in expected_failures.txt must fail, all
//                             others pass, else the exit status is 1
//   CAIRN_GOLDEN=folder golden    the cases of another folder of the same form; any failure is exit status 1
//   CAIRN_DEVICE=cuda:0 golden    computed there (CAIRN_TEST_BACKEND names its plug-in), within the same tolerances;
//                                 what differs by design is listed in expected_failures.TYPE.txt
//
// The last line is "N passed, N failed".
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>

#include <cairn/interop.h>

#include "golden.h"

namespace golden {
namespace {

namespace fs = std::filesystem;

Json read_json(const fs::path& path) {
  std::ifstream file(path);
  expect(file.good(), "there is no file ", path.string());
  return Json::parse(file);
}

class Report {
 public:
  void run(const std::string& name, const std::function<void()>& golden_case) {
    try {
      golden_case();
      ++passed_;
      passed_names_.insert(name);
    } catch (const std::exception& error) {
      failed_.insert(name);
      std::printf("FAILED %s: %s\n", name.c_str(), error.what());
    }
  }

  /// Names what differs from the list: unexpected failures, and listed cases that pass or are not there.
  bool matches(const std::set<std::string>& expected) const {
    bool same = true;
    for (const std::string& name : failed_) {
      if (expected.contains(name)) continue;
      std::printf("UNEXPECTED %s: it fails, and is not in the list of expected failures\n", name.c_str());
      same = false;
    }
    for (const std::string& name : expected) {
      if (failed_.contains(name)) continue;
      std::printf("UNEXPECTED %s: %s; take it off the list of expected failures\n", name.c_str(),
                  passed_names_.contains(name) ? "it passes" : "there is no such case");
      same = false;
    }
    return same;
  }

  void print() const { std::printf("%d passed, %d failed\n", passed_, static_cast<int>(failed_.size())); }
  bool any_failed() const { return !failed_.empty(); }

 private:
  int passed_ = 0;
  std::set<std::string> failed_, passed_names_;
};

void run_numbers(const fs::path& folder, Report& report) {
  const std::map<std::string, void (*)(const Json&, const Numbers&)> kinds = {
      {"module", run_module}, {"loss", run_loss},         {"optimizer", run_optimizer},
      {"op", run_operation},  {"training", run_training}, {"random", run_random},
  };
  const Json cases = read_json(folder / "cases.json");
  const Numbers numbers(cases, cairn::interop::load_safetensors((folder / "cases.safetensors").string()));
  for (const Json& golden_case : cases.at("cases")) {
    const std::string name = golden_case.value("case", "?"), kind = golden_case.value("what", "?");
    report.run("numbers/" + name, [&] {
      expect(kinds.contains(kind), "the kind ", kind, " is not known");
      kinds.at(kind)(golden_case, numbers);
    });
  }
}

void run_files(const fs::path& folder, Report& report) {
  const Json manifest = read_json(folder / "manifest.json");
  const cairn::StateDict values = cairn::interop::load_safetensors((folder / "values.safetensors").string());
  std::set<std::string> files;
  for (const Json& entry : manifest) files.insert(entry.at("file").get<std::string>());
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string file = entry.path().filename().string();
    if (!file.ends_with(".json") && file != "values.safetensors") files.insert(file);
  }
  for (const std::string& file : files) {
    report.run("files/" + file, [&] { run_file(folder.string(), file, manifest, values); });
  }
  for (const Json& entry : read_json(folder / "texts.json")) {
    report.run("texts/" + entry.value("case", "?"), [&] { run_text(entry); });
  }
}

std::vector<std::string> read_lines(const fs::path& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  expect(file.good(), "there is no file ", path.string());
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.front() != '#') lines.push_back(line);
  }
  return lines;
}

/// The cases that must fail: those that fail on the CPU, and what the device's type changes of that.
std::set<std::string> expected_failures() {
  const fs::path list = CAIRN_GOLDEN_EXPECTED;
  const std::vector<std::string> lines = read_lines(list);
  std::set<std::string> names(lines.begin(), lines.end());
  fs::path changes = list;
  changes.replace_extension(std::string(cairn::name(device().type())) + ".txt");
  if (!fs::exists(changes)) return names;
  for (const std::string& line : read_lines(changes)) {
    const std::string what = line.substr(0, line.find(' ')), name = line.substr(line.find(' ') + 1);
    expect(what == "fails" || what == "passes", changes.string(),
           ": a line begins with neither fails nor passes: ", line);
    const bool changed = what == "fails" ? names.insert(name).second : names.erase(name) == 1;
    expect(changed, changes.string(), ": this changes nothing: ", line);
  }
  return names;
}

int main_of_golden() {
  const char* other = std::getenv("CAIRN_GOLDEN");
  const fs::path folder = other && *other ? other : CAIRN_GOLDEN_REFERENCE;
  Report report;
  // A folder that cannot be read counts as one failed case, so that the last line always stands.
  const auto run_all = [&](const char* name, void (*run)(const fs::path&, Report&)) {
    try {
      run(folder / name, report);
    } catch (const std::exception& error) {
      const std::string reason = error.what();
      report.run(name, [&] { throw Failure(reason); });
    }
  };
  run_all("numbers", run_numbers);
  run_all("files", run_files);
  const bool fine = other && *other ? !report.any_failed() : report.matches(expected_failures());
  report.print();
  return fine ? 0 : 1;
}

}  // namespace
}  // namespace golden

int main() {
  try {
    return golden::main_of_golden();
  } catch (const std::exception& error) {
    std::printf("golden: %s\n0 passed, 1 failed\n", error.what());
    return 1;
  }
}
