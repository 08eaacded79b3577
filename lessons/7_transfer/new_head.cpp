// A new head: everything that was learned is frozen, and the last layer replaced by one that is still to learn.
//
// A frozen parameter needs no gradient, so none is computed for it. The new layer takes as many numbers as the old one
// took, `in_features`, and gives one for each class.
#include "pretrained.h"

using namespace cairn;

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  ResNet18 model = pretrained(lesson.device);

  for (Tensor& parameter : model.parameters()) parameter.requires_grad_(false);

  const std::int64_t num_features = model.fc->in_features;
  model.fc = nn::make<nn::Linear>(num_features, 10, nn::LinearOptions{.device = lesson.device});
  print(model);

  print("\nto be trained:");
  for (const auto& [name, parameter] : model.named_parameters())
    if (parameter.requires_grad()) print(" ", name);
}
