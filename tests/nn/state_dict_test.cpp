// What a module says its state is: module_state.cpp.
#include <cairn/nn/module.h>

#include "catch.h"
#include "models.h"

using namespace cairn;
using models::MyModel;

namespace {

struct Ordered : nn::Module {
  nn::Parameter p{this, "p", zeros({1})};
  nn::Buffer first{this, "buf_first", zeros({1})};
  nn::Parameter q{this, "q", zeros({1})};
  nn::Buffer scratch{this, "scratch", zeros({1}), false};
  nn::Parameter none{this, "none"};
  nn::Child<nn::Linear> lin{this, "lin", 2, 2};
  nn::Child<nn::BatchNorm1d> bn{this, "bn", 2};
  Value extra = 7;
  std::optional<Value> get_extra_state() const override { return extra; }
  void set_extra_state(const Value& state) override { extra = state; }
};

}  // namespace

TEST_CASE("a state dict lists parameters, buffers, extra state, then children") {
  CHECK(Ordered().state_dict().keys() == std::vector<std::string>{"p", "q", "buf_first", "_extra_state", "lin.weight",
                                                                  "lin.bias", "bn.weight", "bn.bias", "bn.running_mean",
                                                                  "bn.running_var", "bn.num_batches_tracked"});
}

TEST_CASE("the entries are the live numbers, outside the graph unless keep_vars", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  MyModel model;
  model.to(device);
  const StateDict state = model.state_dict();
  state.at("fc1.bias").fill_(3);
  CHECK(models::values(model.fc1->bias) == std::vector<float>(5, 3.0f));
  CHECK_FALSE(state.at("fc1.bias").requires_grad());
  CHECK(state.at("fc1.bias").device() == device);
  CHECK(model.state_dict("", true).at("fc1.bias").is_same(model.fc1->bias));
}

TEST_CASE("the prefix stands before every name as it is") {
  StateDict all;
  all.set("epoch", 3);
  MyModel().state_dict(all, "net.");
  CHECK(all.keys() ==
        std::vector<std::string>{"epoch", "net.fc1.weight", "net.fc1.bias", "net.fc2.weight", "net.fc2.bias"});
  CHECK(all.metadata().contains("net.fc1"));
  CHECK(all.metadata().contains("net"));
}

TEST_CASE("the metadata holds the version of every module") {
  const StateDict state = Ordered().state_dict();
  CHECK(to_string(Value(state.metadata())) == "{'': {'version': 1}, 'lin': {'version': 1}, 'bn': {'version': 2}}");
}

TEST_CASE("extra state is saved and loaded") {
  Ordered from, to;
  from.extra = Value({{"step", 3}});
  to.load_state_dict(from.state_dict());
  CHECK(to.extra["step"].as_int() == 3);
  StateDict without = from.state_dict();
  without.pop("_extra_state");
  CHECK_THROWS_WITH(to.load_state_dict(without),
                    Catch::Matchers::Contains("Missing key(s) in state_dict: \"_extra_state\". "));
}
