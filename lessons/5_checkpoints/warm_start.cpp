// A warm start: the parts that two models share, taken from one into the other.
//
// With `strict` off, keys that only one side has are left alone. Names decide, not classes: what has the same name must
// have the same shape.
#include "simple_model.h"

using namespace cairn;

/// SimpleModel with a layer more, and another name for the last.
struct DeeperModel : nn::Module {
  nn::Child<nn::Linear> fc1{this, "fc1", 10, 20};
  nn::Child<nn::Linear> middle{this, "middle", 20, 20};
  nn::Child<nn::Linear> head{this, "head", 20, 5};

  Tensor forward(const Tensor& x) override { return head(relu(middle(relu(fc1(x))))); }
};

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  SimpleModel modelA;
  modelA.to(lesson.device);
  io::save(lesson.file("modelA.cairn"), modelA.state_dict());

  DeeperModel modelB;
  modelB.to(lesson.device);
  const LoadReport report = modelB.load_state_dict(io::load(lesson.file("modelA.cairn")), {.strict = false});
  print("as it was:");
  for (const std::string& key : report.missing_keys) print(" ", key);
  print("not taken:");
  for (const std::string& key : report.unexpected_keys) print(" ", key);
  print("fc1:", all(modelA.fc1->weight == modelB.fc1->weight).item() ? "the same numbers" : "other numbers");
}
