// `cairn verify`: reads every byte of a file and says whether it is what was written.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <cairn/core/error.h>
#include <cairn/io/verify.h>
#include <cairn/tools/command.h>
#include <cairn/tools/progress_bar.h>

namespace cairn::tools {

namespace {

struct Arguments {
  std::string file;
  bool json = false;
};

void print_json(const std::vector<io::Damage>& damage) {
  using Json = nlohmann::ordered_json;
  Json list = Json::array();
  for (const io::Damage& one : damage) {
    list.push_back({{"offset", one.offset},
                    {"length", one.length},
                    {"section", one.section},
                    {"tensor", one.tensor.empty() ? Json(nullptr) : Json(one.tensor)},
                    {"found", one.found}});
  }
  fmt::print("{}\n", Json{{"damage", list}}.dump(-1, ' ', false, Json::error_handler_t::replace));
}

/// What cannot be read as a container is damaged as far as anybody can tell: from the place of the fault, one chunk's
/// length.
io::Damage unreadable(const std::string& file, const Error& error) {
  constexpr std::uint64_t chunk = std::uint64_t{1} << 20;
  std::error_code ignored;
  const std::uintmax_t known = std::filesystem::file_size(file, ignored);
  const std::uint64_t size = ignored ? 0 : known;
  const std::uint64_t offset = size <= chunk ? 0 : std::min(size, error.fields().offset.value_or(0));
  const std::string& section = error.fields().section;
  return {offset, std::min(chunk, size - offset), section.empty() ? "file" : section, error.fields().tensor,
          error.message()};
}

int run(const Arguments& arguments) {
  std::vector<io::Damage> damage;
  try {
    ProgressBar bar;
    damage = io::verify(arguments.file, {.limits = {}, .progress = [&bar](std::uint64_t done, std::uint64_t total) {
                                           bar.update("verifying", done, total);
                                           return true;
                                         }});
  } catch (const FormatError& error) {
    if (arguments.json) print_json({unreadable(arguments.file, error)});
    throw;
  } catch (const IoError& error) {
    if (arguments.json) print_json({unreadable(arguments.file, error)});
    throw;
  }
  if (arguments.json) {
    print_json(damage);
  } else {
    for (const io::Damage& one : damage) fmt::print("{}: {}\n", arguments.file, to_string(one));
    if (damage.empty()) fmt::print("{}: every byte is as it was written\n", arguments.file);
  }
  if (damage.empty()) return fine;
  std::fflush(stdout);
  fmt::print(stderr, "error: {}: damaged in {} place{}\n", arguments.file, damage.size(),
             damage.size() == 1 ? "" : "s");
  return answer_is_no;
}

}  // namespace

Command verify_command() {
  return {"verify", "Check every byte of a file against its checksums",
          "  cairn verify m.cairn          exit 0: whole; 1: damaged, and where; 3: not readable as a container\n"
          "  cairn verify m.cairn --json   {\"damage\":[{\"offset\":..,\"length\":..,\"section\":..,\"tensor\":..}]}",
          [](CLI::App& app) {
            auto arguments = std::make_shared<Arguments>();
            app.add_option("FILE", arguments->file, "A .cairn file; its content decides, not its name")->required();
            app.add_flag("--json", arguments->json, "Print the damage for a script");
            return [arguments] { return run(*arguments); };
          }};
}

}  // namespace cairn::tools
