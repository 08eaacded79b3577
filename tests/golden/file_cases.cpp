// Files that other programs wrote.
//
// A safetensors file holds the state dict of one of the .pth files: the one with the same keys, whose numbers
// values.safetensors lists under "<file>:$.<key>". Where it also lists "<network>:input" and ":output", the network
// that the file is named for must compute the one from the other with these numbers.
#include <set>

#include <cairn/core/autograd.h>
#include <cairn/interop.h>
#include <cairn/train/resnet18.h>

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

/// In evaluation, within what cases.json allows float32.
void run_network(const std::string& network, const StateDict& state, const StateDict& values) {
  expect(network == "resnet18", "there is no network ", network);
  const Shape first = state.at("conv1.weight").shape(), last = state.at("fc.weight").shape();
  train::ResNet18 model({.channels = first[1], .width = first[0], .classes = last[0]});
  model.load_state_dict(state);
  model.to(device()).eval();
  const NoGrad no_grad;
  compare("output", model(values.at(network + ":input").to(device())), values.at(network + ":output"), {1e-5, 1e-5});
}

void run_safetensors(const std::string& path, const Json& manifest, const StateDict& values) {
  const StateDict state = interop::load_safetensors(path);
  expect(!state.empty(), "there are no tensors in it");
  const std::string same = counterpart(state, manifest);
  expect(!same.empty(), "no file of the manifest holds the same keys");
  for (const auto& [key, value] : state)
    compare(key, value.as_tensor().to(device()), values.at(same + ":$." + key), {0, 0});
  const std::string network = same.substr(0, same.find('_'));
  if (values.contains(network + ":input")) run_network(network, state, values);
}

}  // namespace

void run_file(const std::string& folder, const std::string& file, const Json& manifest, const StateDict& values) {
  if (file.ends_with(".safetensors")) return run_safetensors(folder + "/" + file, manifest, values);
  throw Failure("there is no reader for this format");
}

}  // namespace golden
