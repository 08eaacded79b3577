#include <cairn/nn/parameter.h>

#include <sstream>

#include "catch.h"
#include "models.h"

using namespace cairn;

namespace {

struct Scale : nn::Module {
  nn::Parameter weight{this, "weight", ones({3})};
  nn::Parameter bias{this, "bias"};
  nn::Buffer calls{this, "calls", zeros({})};
  nn::Buffer scratch{this, "scratch", zeros({2}), false};
  Tensor forward(const Tensor& x) override { return x * weight; }
};

}  // namespace

TEST_CASE("a parameter is a tensor that requires a gradient, under its name", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Scale scale;
  scale.to(device);
  CHECK(scale.weight.requires_grad());
  CHECK(models::names(scale.named_parameters()) == std::vector<std::string>{"weight"});
  CHECK(models::names(scale.named_buffers()) == std::vector<std::string>{"calls", "scratch"});
  scale(ones({3}, {.device = device})).sum().backward();
  CHECK(models::values(scale.weight.grad()) == std::vector<float>{1, 1, 1});
}

TEST_CASE("a parameter may be frozen when it is declared") {
  struct Frozen : nn::Module {
    nn::Parameter weight{this, "weight", ones({3}), false};
  } frozen;
  CHECK_FALSE(frozen.weight.requires_grad());
  CHECK(frozen.parameters().size() == 1);
}

TEST_CASE("a parameter of another owner's tensor is a leaf on the same numbers", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor numbers = zeros({2}, {.device = device});
  const nn::Parameter parameter(numbers);
  CHECK(parameter.shares_storage(numbers));
  CHECK_FALSE(numbers.requires_grad());
}

TEST_CASE("assigning to a parameter") {
  Scale scale;
  SECTION("a tensor makes it another parameter") {
    scale.weight = full({4}, 2);
    CHECK(scale.weight.requires_grad());
    CHECK(scale.state_dict().at("weight").numel() == 4);
  }
  SECTION("a parameter ties") {
    Scale other;
    scale.weight = other.weight;
    CHECK(scale.weight.is_same(other.weight));
  }
  SECTION("no tensor takes it out of the lists") {
    scale.weight = Tensor();
    CHECK(scale.parameters().empty());
    CHECK_FALSE(scale.state_dict().contains("weight"));
  }
}

TEST_CASE("a copy of a parameter outside its module names the same numbers and belongs to nobody") {
  Scale scale;
  const nn::Parameter copy = scale.weight;
  CHECK(copy.is_same(scale.weight));
  CHECK(copy.owner() == nullptr);
  CHECK(scale.weight.owner() == &scale);
}

TEST_CASE("a parameter prints as one") {
  std::ostringstream out;
  out << nn::Parameter(tensor({1.0f, 2.0f}));
  CHECK(out.str() == "Parameter containing:\ntensor([1., 2.], requires_grad=True)");
}
