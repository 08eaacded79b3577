#include <cairn/nn/load_hint.h>

#include <algorithm>

#include "catch.h"
#include "models.h"

using namespace cairn;

namespace {

StateDictError error_of(nn::Module& model, const StateDict& state) {
  try {
    model.load_state_dict(state);
  } catch (const StateDictError& error) {
    return error;
  }
  return StateDictError("no StateDictError was thrown");
}

}  // namespace

TEST_CASE("only the first few missing keys are compared with the others") {
  std::vector<std::string> missing, unexpected;
  for (int i = 0; i < 50; ++i) {
    missing.push_back(text("block", i, ".weight"));
    unexpected.push_back(text("block", i, ".weights"));
  }
  const std::string hint = nn::load_hint(missing, unexpected, missing, unexpected, {});
  CHECK(std::count(hint.begin(), hint.end(), '\n') == 4);
  CHECK(nn::load_hint({}, {}, {"a"}, {"a"}, {}).empty());
}

TEST_CASE("a module that is wrapped itself is told so") {
  CHECK_THAT(nn::load_hint({"module.fc.weight"}, {"fc.weight"}, {"module.fc.weight"}, {"fc.weight"}, {}),
             Catch::Matchers::Contains("load it into the module \"module\""));
}

TEST_CASE("the hint below the text says what was probably meant") {
  models::MyModel model;
  const auto what = [&](const StateDict& state) { return std::string(error_of(model, state).what()); };
  SECTION("a prefix on every key") {
    StateDict wrapped;
    model.state_dict(wrapped, "module.");
    CHECK_THAT(what(wrapped), Catch::Matchers::Contains("every key of the state dict begins with \"module.\""));
  }
  SECTION("a key that was renamed") {
    StateDict state = model.state_dict();
    state.set("fc2.weights", state.pop("fc2.weight"));
    CHECK_THAT(what(state), Catch::Matchers::Contains("\"fc2.weight\" is missing; the state dict has \"fc2.weights\""));
  }
  SECTION("a whole checkpoint") {
    StateDict checkpoint;
    checkpoint.set("epoch", 3);
    checkpoint.set("model", model.state_dict());
    CHECK_THAT(what(checkpoint), Catch::Matchers::Contains("the entry 'model' is a dict itself"));
  }
  SECTION("a list that is numbered from elsewhere") {
    nn::Sequential net{nn::Linear(1, 1), nn::Linear(1, 1), nn::Linear(1, 1)};
    StateDict state;
    for (const auto& [key, value] : net.state_dict()) state.set(std::string(1, key[0] + 1) + key.substr(1), value);
    CHECK_THAT(
        std::string(error_of(net, state).what()),
        Catch::Matchers::Contains("\"0.weight\" is \"1.weight\" in the state dict: the numbers after \"\" begin at 0 "
                                  "here and at 1 there"));
    struct Deep : nn::Module {
      nn::Child<nn::Sequential> layers{this, "layers", nn::Linear(1, 1), nn::ReLU(), nn::Linear(1, 1)};
    } deep;
    state = {{"layers.3.weight", zeros({1, 1})}, {"layers.3.bias", zeros({1})}};
    const std::string half = error_of(deep, state).what();
    CHECK(half.find("begin at") == std::string::npos);
    state.set("layers.5.weight", zeros({1, 1}));
    state.set("layers.5.bias", zeros({1}));
    CHECK_THAT(
        std::string(error_of(deep, state).what()),
        Catch::Matchers::Contains("\"layers.0.weight\" is \"layers.3.weight\" in the state dict: the numbers after "
                                  "\"layers.\" begin at 0 here and at 3 there"));
  }
  SECTION("a transposed weight") {
    StateDict state = model.state_dict();
    state.set("fc1.weight", zeros({3, 5}));
    CHECK_THAT(what(state), Catch::Matchers::Contains("\"fc1.weight\" has the transposed shape"));
  }
  SECTION("nothing to add") {
    StateDict state = model.state_dict();
    state.set("fc1.weight", zeros({7, 7}));
    const StateDictError error = error_of(model, state);
    CHECK(error.what() == error.message());
  }
}
