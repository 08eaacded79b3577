#include <cairn/train/models.h>

#include <cstring>

#include <cairn/core/ops.h>

#include "catch.h"
#include "devices.h"

using namespace cairn;

TEST_CASE("the MLP takes images of any shape with its number of pixels") {
  train::MLP model({.inputs = 12, .hidden = 5, .classes = 3, .generator = Generator(0)});
  CHECK(model(zeros({4, 12})).shape() == Shape{4, 3});
  CHECK(model(zeros({4, 1, 3, 4})).shape() == Shape{4, 3});
  CHECK_THROWS_AS(model(zeros({4, 13})), ShapeError);
}

TEST_CASE("its state is that of its layers") {
  const train::MLP model({.inputs = 12, .hidden = 5, .classes = 3, .generator = Generator(0)});
  CHECK(model.state_dict().keys() == std::vector<std::string>{"fc1.weight", "fc1.bias", "norm.weight", "norm.bias",
                                                              "norm.running_mean", "norm.running_var",
                                                              "norm.num_batches_tracked", "fc2.weight", "fc2.bias"});
  CHECK(model.state_dict().at("fc1.weight").shape() == Shape{5, 12});
}

TEST_CASE("the same generator gives the same model, and the default one is left alone") {
  manual_seed(1);
  const Tensor before = default_generator().get_state();
  const train::MLP a({.generator = Generator(3)}), b({.generator = Generator(3)}), c({.generator = Generator(4)});
  const auto bytes = [](const train::MLP& model) {
    const Tensor weight = model.fc1->state_dict().at("weight").contiguous();
    return std::string(static_cast<const char*>(weight.raw_data()), static_cast<std::size_t>(weight.nbytes()));
  };
  CHECK(bytes(a) == bytes(b));
  CHECK(bytes(a) != bytes(c));
  const Tensor after = default_generator().get_state();
  CHECK(std::memcmp(before.raw_data(), after.raw_data(), static_cast<std::size_t>(before.nbytes())) == 0);
}

TEST_CASE("gradients reach every parameter", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  train::MLP model({.inputs = 6, .hidden = 4, .classes = 3, .generator = Generator(0)});
  model.to(device);
  const Generator generator(1);
  cross_entropy(model(rand({3, 6}, {}, generator).to(device)), arange(3).to(device)).backward();
  for (const auto& [name, parameter] : model.named_parameters()) {
    CAPTURE(name);
    REQUIRE(parameter.grad().defined());
    CHECK((name == "fc1.bias" ||
           abs(parameter.grad()).sum().item() > 0));  // the normalisation takes fc1's bias out again
  }
}

TEST_CASE("the hidden layer grows with the image, within limits") {
  CHECK(train::suitable_width(16) == 64);
  CHECK(train::suitable_width(64) == 64);
  CHECK(train::suitable_width(300) == 100);
  CHECK(train::suitable_width(784) == 256);
}
