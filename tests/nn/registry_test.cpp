// Whole models as Values. registry.cpp. Each class of nn: tests/integration/whole_models_test.cpp.
#include <cairn/nn/registry.h>

#include <cairn/core/generator.h>
#include <cairn/core/random.h>

#include "catch.h"
#include "models.h"

using namespace cairn;
using models::MyModel;
using models::values;

namespace {

/// A class of the application's with an option and a child that forward does not know by class.
struct Scaled : nn::Module {
  double factor;
  nn::Child<nn::Linear> fc{this, "fc", 2, 2};
  nn::Child<> act{this, "act", nn::ReLU()};
  explicit Scaled(double factor) : factor(factor) {}
  Tensor forward(const Tensor& x) override { return act(fc(x)) * factor; }
  Value options() const override { return {{"factor", factor}}; }
  static std::shared_ptr<Scaled> from_options(const Value& options) {
    return nn::make<Scaled>(options["factor"].as_float());
  }
};

nn::Registry all() {
  nn::Registry registry = nn::Registry::built_in();
  registry.add<MyModel>().add<Scaled>().add<models::Tied>();
  return registry;
}

std::string key_error(const std::function<void()>& f) {
  try {
    f();
  } catch (const KeyError& error) {
    return error.message();
  }
  return "no KeyError";
}

}  // namespace

TEST_CASE("a model becomes a value that says class, options, children and state") {
  const Value value = nn::to_value(Scaled(2));
  CHECK(value["class"].as_text() == "Scaled");
  CHECK(to_string(value["options"]) == "{'factor': 2.0}");
  CHECK(to_string(value["modules"]["fc"]["options"]) == "{'in_features': 2, 'out_features': 2, 'bias': True}");
  CHECK(value["modules"]["act"]["class"].as_text() == "ReLU");
  CHECK(value["state_dict"].as_state_dict().keys() == std::vector<std::string>{"fc.weight", "fc.bias"});
}

TEST_CASE("a model is made again with its children, modes, dtypes, frozen parameters and numbers", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Scaled model(3);
  model.act = nn::Sequential(nn::Sigmoid(), nn::Linear(2, 4));
  model.fc->weight.requires_grad_(false);
  model.fc->eval();
  model.half().to(device);
  const auto copy = nn::from_value(nn::to_value(model), all());
  auto& scaled = dynamic_cast<Scaled&>(*copy);
  CHECK(scaled.factor == 3);
  CHECK(copy->repr() == model.repr());
  CHECK_FALSE(scaled.fc->training);
  CHECK(scaled.training);
  CHECK(scaled.fc->weight.dtype() == DType::float16);
  CHECK(scaled.fc->weight.device() == device);
  CHECK_FALSE(scaled.fc->weight.requires_grad());
  CHECK(scaled.fc->bias.requires_grad());
  CHECK(to_string(copy->state_dict()) == to_string(model.state_dict()));
  CHECK_FALSE(scaled.fc->bias.shares_storage(model.fc->bias));
}

TEST_CASE("ties are kept, and a child that is None stays so") {
  models::Tied model;
  Scaled scaled(1);
  scaled.act = nullptr;
  const auto copy = nn::from_value(nn::to_value(model), all());
  CHECK(models::names(copy->named_parameters()) ==
        std::vector<std::string>{"encoder.weight", "encoder.bias", "decoder.bias"});
  CHECK(copy->get_parameter("decoder.weight").requires_grad());
  CHECK(copy->get_buffer("row").shares_storage(copy->get_parameter("encoder.weight")));
  CHECK_FALSE(copy->get_buffer("row").requires_grad());
  CHECK(nn::from_value(nn::to_value(scaled), all())->repr() == scaled.repr());
}

TEST_CASE("to make a model draws nothing from the default generator") {
  const Value value = nn::to_value(MyModel());
  manual_seed(3);
  const std::vector<float> expected = values(rand({3}));
  manual_seed(3);
  nn::from_value(value, all());
  CHECK(values(rand({3})) == expected);
}

TEST_CASE("a class that is not registered is named, with the nearest ones first") {
  const Value value = nn::to_value(nn::Sequential(nn::Linear(1, 1), nn::ReLU()));
  nn::Registry registry;
  CHECK(key_error([&] { nn::from_value(value, registry); }) ==
        "from_value: the class 'Sequential' is not registered; there are none");
  registry.add<nn::Sigmoid>().add<nn::Sequential>().add<nn::BatchNorm1d>("Linearity");
  CHECK(key_error([&] { nn::from_value(value, registry); }) ==
        "from_value: the class 'Linear' is not registered; there are 'Linearity', 'Sigmoid', 'Sequential'");
  CHECK_THROWS_WITH(registry.add<nn::Sigmoid>(), Catch::Matchers::Contains("there is a class 'Sigmoid' already"));
  registry.add("Linear", [](const Value&) { return nn::make<nn::Linear>(1, 1); }).add<nn::ReLU>();
  CHECK(nn::from_value(value, registry)->name() == "Sequential");
}

TEST_CASE("a value that does not fit its classes is refused") {
  Value value = nn::to_value(Scaled(1));
  SECTION("an option the class does not have") {
    value["options"]["colour"] = "red";
    CHECK_THROWS_WITH(nn::from_value(value, all()),
                      "from_value: Scaled was saved with 'colour': 'red', and made with no such option");
  }
  SECTION("a child the class does not have") {
    const Value act = value["modules"]["act"];
    value["modules"]["head"] = act;
    CHECK_THROWS_WITH(nn::from_value(value, all()), "from_value: Scaled has no child 'head', which was saved with it");
  }
  SECTION("a child of another class than declared") {
    const Value act = value["modules"]["act"];
    value["modules"]["fc"] = act;
    CHECK_THROWS_WITH(nn::from_value(value, all()), Catch::Matchers::Contains("cannot assign 'ReLU' as child"));
  }
  SECTION("a state that does not fit") {
    value["state_dict"].as_state_dict().pop("fc.bias");
    CHECK_THROWS_AS(nn::from_value(value, all()), StateDictError);
  }
  SECTION("no model at all") { CHECK_THROWS_AS(nn::from_value({{"epoch", 3}}, all()), KeyError); }
}
