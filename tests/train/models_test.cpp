#include <cairn/train/models.h>

#include <cstring>

#include <cairn/core/ops.h>
#include <cairn/core/random.h>
#include <cairn/train/cnn.h>
#include <cairn/train/resnet18.h>

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

TEST_CASE("the CNN tells images of any size from 8 x 8 on apart, and its gradients reach every parameter", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  train::CNN model({.channels = 2, .height = 9, .width = 16, .filters = 4, .classes = 3, .generator = Generator(0)});
  model.to(device);
  const Tensor x = rand({5, 2, 9, 16}, {}, Generator(1)).to(device);
  const Tensor y = model(x);
  CHECK(y.shape() == Shape{5, 3});
  cross_entropy(y, tensor<std::int64_t>({0, 1, 2, 0, 1}).to(device)).backward();
  for (const auto& [name, parameter] : model.named_parameters()) {
    CAPTURE(name);
    CHECK(parameter.grad().defined());
  }
  CHECK_THROWS_AS(train::CNN({.height = 7}), ValueError);
}

TEST_CASE("ResNet18 has torchvision's 122 keys, 11,689,512 parameters and one output for each class") {
  const train::ResNet18 whole({.generator = Generator(0)});
  std::int64_t count = 0;
  for (const Tensor& parameter : whole.parameters()) count += parameter.numel();
  CHECK(count == 11'689'512);
  const StateDict state = whole.state_dict();
  CHECK(state.size() == 122);
  CHECK(state.at("conv1.weight").shape() == Shape{64, 3, 7, 7});
  CHECK(state.at("layer2.0.downsample.0.weight").shape() == Shape{128, 64, 1, 1});
  CHECK(state.at("layer4.1.bn2.num_batches_tracked").shape() == Shape{});
  CHECK(state.at("fc.weight").shape() == Shape{1000, 512});

  train::ResNet18 narrow({.width = 4, .classes = 10, .generator = Generator(0)});
  CHECK_THAT(to_string(narrow), Catch::Matchers::Contains("\n  (avgpool): AdaptiveAvgPool2d(output_size=(1, 1))\n"));
  CHECK(narrow(rand({2, 3, 40, 33}, {}, Generator(1))).shape() == Shape{2, 10});
  const auto copy = nn::clone(narrow);
  narrow.eval();
  copy->eval();
  const Tensor x = rand({1, 3, 32, 32}, {}, Generator(2));
  CHECK(numbers<float>((*copy)(x)) == numbers<float>(narrow(x)));
}
