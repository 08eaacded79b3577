// Transfer: what one network has learned, given to another that is to tell other things apart.
//
// The layers that see edges, arcs and parts are of use to both. The last one, fc, is not: it has a row for each class.
// So its two keys are left out, and the others go over the numbers that the new network began with.
#include "pretrained.h"

using namespace cairn;

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  const StateDict pretrained_dict = pretrained_state();

  ResNet18 your_model({.width = 4, .classes = 3});
  your_model.to(lesson.device);
  StateDict your_model_dict = your_model.state_dict();

  // Filter, update, load.
  const StateDict filtered = filter(pretrained_dict, [&](const std::string& key, const Value&) {
    return your_model_dict.contains(key) && key.find("fc") == key.npos;
  });
  print("pretrained:", pretrained_dict.size(), "keys");
  print("filtered:  ", filtered.size(), "keys");
  your_model_dict.update(filtered);
  print(your_model.load_state_dict(your_model_dict));

  const auto same = [&](const char* key) {
    return all(your_model.state_dict().at(key).to("cpu") == pretrained_dict.at(key)).item();
  };
  print("conv1.weight is", same("conv1.weight") ? "the pretrained one" : "another");
  print("layer4.1.bn2.running_var is", same("layer4.1.bn2.running_var") ? "the pretrained one" : "another");
  print("fc.weight is still", your_model.fc->weight.shape());

  // The same in one step, without a dict of one's own.
  ResNet18 another({.width = 4, .classes = 3});
  print(another.load_state_dict(pretrained_dict, {.except = {"fc.*"}}));
}
