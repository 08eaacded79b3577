// The keys decide: a state dict is loaded into the module that has a tensor of the same shape under every name.
//
// Whatever does not fit is said at once, in PyTorch's words, and then nothing has been loaded. `message()` is that
// text; `what()` adds a hint where there is one, such as the name that was probably meant.
#include "my_model.h"

using namespace cairn;

/// MyModel with one name changed.
struct MyModel2 : nn::Module {
  nn::Child<nn::Linear> fc_1{this, "fc_1", 3, 2};  // not fc1
  nn::Child<nn::Linear> fc2{this, "fc2", 2, 1};
  nn::Child<nn::ReLU> relu{this, "relu"};
  nn::Child<nn::Sigmoid> sigmoid{this, "sigmoid"};

  Tensor forward(const Tensor& x) override { return sigmoid(fc2(relu(fc_1(x)))); }
};

void try_to_load(nn::Module& model, const StateDict& state, const nn::LoadOptions& options = {}) {
  try {
    print(model.load_state_dict(state, options));
  } catch (const StateDictError& error) {
    print(error.message());
  }
}

int main(int argc, char** argv) {
  const Lesson lesson(argc, argv);
  io::save(lesson.file("model.cairn"), MyModel().state_dict());

  MyModel model;
  const StateDict state = io::load(lesson.file("model.cairn")).as_state_dict();
  try_to_load(model, state);

  // A key that is missing, and one that nobody asked for.
  StateDict incorrect = state.copy();
  incorrect.pop("fc2.weight");
  incorrect.set("fc1234.weight", tensor<std::int64_t>({1, 2, 3, 4}));
  try_to_load(model, incorrect);

  // Not strict, the rest is loaded, and the report says what was left.
  try_to_load(model, incorrect, {.strict = false});

  // A wrong shape under a right key is an error, strict or not.
  incorrect = state.copy();
  incorrect.set("fc2.weight", tensor<std::int64_t>({99, 99, 99, 99, 99}));
  try_to_load(model, incorrect);
  try_to_load(model, incorrect, {.strict = false});

  // Renaming an attribute renames its keys. A rule says what the old ones are called now.
  MyModel2 renamed;
  try_to_load(renamed, state);
  try_to_load(renamed, state, {.rename = {{"fc1.*", "fc_1.*"}}});
}
