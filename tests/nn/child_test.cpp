#include <cairn/nn/child.h>

#include <optional>

#include "catch.h"
#include "models.h"

using namespace cairn;
using models::MyModel;

namespace {

struct Sum : nn::Module {
  using nn::Module::forward;
  Tensor forward(const Tensor& a, const Tensor& b) { return a + b; }
};

struct Block : nn::Module {
  std::optional<nn::Child<nn::Linear>> downsample;
  nn::Child<> act{this, "act", nn::ReLU()};
  nn::Child<Sum> sum{this, "sum"};
  nn::Child<> none{this, "none"};
  explicit Block(bool with_downsample) {
    if (with_downsample) downsample.emplace(this, "downsample", 3, 3);
  }
  Tensor forward(const Tensor& x) override { return sum(act(x), downsample ? (*downsample)(x) : x); }
};

}  // namespace

TEST_CASE("a child is made of its module's own arguments and is reached as by a pointer", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  MyModel model;
  model.to(device);
  CHECK(model.fc1->in_features == 3);
  CHECK((*model.fc1).out_features == 5);
  CHECK(model.fc1(ones({4, 3}, {.device = device})).shape() == Shape{4, 5});
}

TEST_CASE("a child is called with whatever its forward takes") {
  Block block(false);
  CHECK(models::values(block(tensor({-1.0f, 2.0f}))) == std::vector<float>{-1, 4});
}

TEST_CASE("an optional child is in the lists only while it is there") {
  CHECK(Block(false).parameters().empty());
  Block block(true);
  CHECK(models::names(block.named_parameters()) == std::vector<std::string>{"downsample.weight", "downsample.bias"});
  block.downsample.reset();
  CHECK(block.parameters().empty());
  CHECK(block(ones({3})).shape() == Shape{3});
}

TEST_CASE("a child that is assigned replaces the module") {
  MyModel model;
  const Tensor before = model.fc2->weight;
  SECTION("by a pointer") { model.fc2 = nn::make<nn::Linear>(5, 7); }
  SECTION("by a module") { model.fc2 = nn::Linear(5, 7); }
  CHECK(model.fc2->out_features == 7);
  CHECK(model.state_dict().at("fc2.weight").shape() == Shape{7, 5});
  CHECK(before.shape() == Shape{2, 5});
}

TEST_CASE("two children may share one module, which is listed once and saved under both names") {
  MyModel model;
  model.fc1 = nn::make<nn::Linear>(4, 4);
  model.fc2 = model.fc1.shared();
  CHECK(models::names(model.named_parameters()) == std::vector<std::string>{"fc1.weight", "fc1.bias"});
  CHECK(model.state_dict().keys() == std::vector<std::string>{"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"});
}

TEST_CASE("a child without a module says so when it is called") {
  Block block(false);
  CHECK_FALSE(static_cast<bool>(block.none));
  CHECK_THROWS_AS(block.none(ones({3})), TypeError);
  block.none = nn::make<nn::Sigmoid>();
  CHECK(models::values(block.none(zeros({1}))) == std::vector<float>{0.5f});
  block.none = nullptr;
  CHECK(block.named_children().size() == 2);
}
