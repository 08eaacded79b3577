// Exercise 4: the state dicts of two models in one, where they have some layers in common.
//
// Entries of the same name and shape are averaged. Of the same name and another shape, there is no middle: the first
// model's stands. What only one of them has comes from that one, and the report says what came from where.
#include "lesson.h"

using namespace cairn;

struct Classifier : nn::Module {
  nn::Child<nn::Linear> body{this, "body", 4, 3};
  nn::Child<nn::Linear> head{this, "head", 3, 2};
  Tensor forward(const Tensor& x) override { return head(relu(body(x))); }
};

/// With a layer more, and more classes.
struct DeeperClassifier : nn::Module {
  nn::Child<nn::Linear> body{this, "body", 4, 3};
  nn::Child<nn::Linear> middle{this, "middle", 3, 3};
  nn::Child<nn::Linear> head{this, "head", 3, 5};
  Tensor forward(const Tensor& x) override { return head(relu(middle(relu(body(x))))); }
};

Merged merge_models(const StateDict& first, const StateDict& second) {
  const StateDict fitting = filter(second, [&](const std::string& key, const Value& value) {
    return !first.contains(key) || first.at(key).shape() == value.as_tensor().shape();
  });
  return merge(first, fitting, {.on_clash = OnClash::average});
}

void print_list(const char* what, const std::vector<std::string>& keys) {
  print(what);
  for (const std::string& key : keys) print(" ", key);
}

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  Classifier first;
  DeeperClassifier second;
  first.to(lesson.device);
  second.to(lesson.device);
  nn::init::constant_(first.body->bias, 1);
  nn::init::constant_(second.body->bias, 4);

  const Merged merged = merge_models(first.state_dict(), second.state_dict());
  print_list("averaged:", merged.averaged);
  print_list("from the first:", merged.from_first);
  print_list("from the second:", merged.from_second);
  print("body.bias is", merged.state.at("body.bias"));

  // The first model takes what it has a place for.
  print(first.load_state_dict(merged.state, {.strict = false}));
}
