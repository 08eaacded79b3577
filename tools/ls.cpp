// `cairn ls`: the tensors of a file, told from its index without reading a number.
#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <cairn/core/dtype.h>
#include <cairn/core/shape.h>
#include <cairn/io/inspect.h>
#include <cairn/tools/command.h>
#include <cairn/tools/table.h>

namespace cairn::tools {

namespace {

struct Arguments {
  std::string file;
  bool json = false;
};

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : between) + word;
  return all;
}

void print_json(const io::FileFacts& facts) {
  nlohmann::ordered_json tensors = nlohmann::ordered_json::array();
  for (const io::TensorFacts& tensor : facts.tensors) {
    tensors.push_back({{"name", tensor.name},
                       {"dtype", name(tensor.dtype)},
                       {"shape", std::vector<std::int64_t>(tensor.shape.begin(), tensor.shape.end())},
                       {"nbytes", tensor.nbytes},
                       {"stored", tensor.stored},
                       {"device", tensor.location},
                       {"requires_grad", tensor.requires_grad}});
  }
  fmt::print("{}\n", nlohmann::ordered_json{{"format", "cairn"}, {"tensors", tensors}}.dump());
}

void print_table(const io::FileFacts& facts) {
  std::vector<std::vector<std::string>> rows = {
      {"name", "dtype", "shape", "bytes", "stored", "codec", "device", "requires_grad", "shares storage with"}};
  std::uint64_t bytes = 0;
  for (const io::TensorFacts& tensor : facts.tensors) {
    bytes += tensor.nbytes;
    rows.push_back({tensor.name, std::string(name(tensor.dtype)), bracketed(tensor.shape),
                    fmt::format("{}", tensor.nbytes), fmt::format("{}", tensor.stored), joined(tensor.codecs, "+"),
                    tensor.location, tensor.requires_grad ? "yes" : "", joined(tensor.ties, ", ")});
  }
  using enum Align;
  fmt::print("{}", table(rows, {left, left, left, right, right, left, left, left, left}));
  fmt::print("{} tensors, {}; stored in {} of a file of {} (container version {}, content {})\n", facts.tensors.size(),
             bytes_text(bytes), bytes_text(facts.stored), bytes_text(facts.file_size), facts.version,
             io::hexadecimal(facts.root_digest));
}

int run(const Arguments& arguments) {
  const io::FileFacts facts = io::inspect(arguments.file);
  if (arguments.json) {
    print_json(facts);
  } else {
    print_table(facts);
  }
  return fine;
}

}  // namespace

Command ls_command() {
  return {"ls", "List the tensors of a file",
          "  cairn ls m.cairn          a table: name, dtype, shape, bytes, stored bytes, codec, device, ties\n"
          "  cairn ls m.cairn --json   the same for a script",
          [](CLI::App& app) {
            auto arguments = std::make_shared<Arguments>();
            app.add_option("FILE", arguments->file, "A .cairn file; its content decides, not its name")->required();
            app.add_flag("--json", arguments->json, "Print {\"format\":..,\"tensors\":[..]}");
            return [arguments] { return run(*arguments); };
          }};
}

}  // namespace cairn::tools
