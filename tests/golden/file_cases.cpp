// Files that other programs wrote.
//
// A safetensors file holds the state dict of one of the .pth files: the one with the same keys, whose numbers
// values.safetensors lists under "<file>:$.<key>".
#include <set>

#include <cairn/interop.h>

#include "golden.h"

namespace golden {

using namespace cairn;

namespace {

/// The .pth file of the manifest that holds a dict with these keys; empty if there is none.
std::string counterpart(const StateDict& state, const Json& manifest) {
  const std::vector<std::string> keys = state.keys();
  for (const Json& entry : manifest) {
    if (!entry.contains("holds") || !entry["holds"].contains("dict")) continue;
    std::set<std::string> held;
    for (const Json& item : entry["holds"]["dict"]) {
      if (item[0].is_string()) held.insert(item[0].get<std::string>());
    }
    if (held == std::set<std::string>(keys.begin(), keys.end())) return entry.at("file");
  }
  return {};
}

void run_safetensors(const std::string& path, const Json& manifest, const StateDict& values) {
  const StateDict state = interop::load_safetensors(path);
  expect(!state.empty(), "there are no tensors in it");
  const std::string same = counterpart(state, manifest);
  expect(!same.empty(), "no file of the manifest holds the same keys");
  for (const auto& [key, value] : state)
    compare(key, value.as_tensor().to(device()), values.at(same + ":$." + key), {0, 0});
}

}  // namespace

void run_file(const std::string& folder, const std::string& file, const Json& manifest, const StateDict& values) {
  if (file.ends_with(".safetensors")) return run_safetensors(folder + "/" + file, manifest, values);
  throw Failure("there is no reader for this format");
}

}  // namespace golden
