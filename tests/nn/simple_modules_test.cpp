// Modules without parameters: each is a function, its options, and how it prints.
#include <functional>
#include <memory>
#include <string>

#include <cairn/core/ops.h>
#include <cairn/nn.h>

#include "catch.h"
#include "models.h"

using namespace cairn;

namespace {

struct Simple {
  std::shared_ptr<nn::Module> module;
  std::string printed;
  std::function<Tensor(const Tensor& x)> function;
};

std::vector<Simple> simple_modules() {
  return {
      {nn::make<nn::Tanh>(), "Tanh()", [](auto& x) { return tanh(x); }},
      {nn::make<nn::Identity>(), "Identity()", [](auto& x) { return x; }},
      {nn::make<nn::LeakyReLU>(), "LeakyReLU(negative_slope=0.01)", [](auto& x) { return leaky_relu(x); }},
      {nn::make<nn::LeakyReLU>(nn::LeakyReLUOptions{0.5, true}), "LeakyReLU(negative_slope=0.5, inplace=True)",
       [](auto& x) { return leaky_relu(x, 0.5); }},
      {nn::make<nn::GELU>(), "GELU(approximate='none')", [](auto& x) { return gelu(x); }},
      {nn::make<nn::GELU>(nn::GELUOptions{GeluApproximate::tanh}), "GELU(approximate='tanh')",
       [](auto& x) { return gelu(x, GeluApproximate::tanh); }},
      {nn::make<nn::Softmax>(2), "Softmax(dim=2)", [](auto& x) { return softmax(x, 2); }},
      {nn::make<nn::Softmax>(), "Softmax(dim=None)", [](auto& x) { return softmax(x, 0); }},
      {nn::make<nn::LogSoftmax>(-2), "LogSoftmax(dim=-2)", [](auto& x) { return log_softmax(x, -2); }},
      {nn::make<nn::LogSoftmax>(), "LogSoftmax(dim=None)", [](auto& x) { return log_softmax(x, 0); }},
      {nn::make<nn::Flatten>(), "Flatten(start_dim=1, end_dim=-1)", [](auto& x) { return x.flatten(1); }},
      {nn::make<nn::Flatten>(nn::FlattenOptions{0, 1}), "Flatten(start_dim=0, end_dim=1)",
       [](auto& x) { return x.flatten(0, 1); }},
  };
}

}  // namespace

TEST_CASE("a module without parameters computes its function, and prints its options", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = randn({2, 3, 4}, {}, Generator(1)).to(device);
  for (const Simple& one : simple_modules()) {
    CAPTURE(one.printed);
    CHECK(to_string(*one.module) == one.printed);
    CHECK(one.module->state_dict().empty());
    const Tensor y = (*one.module)(x.clone()), expected = one.function(x);
    CHECK(y.shape() == expected.shape());
    CHECK(models::values(y) == models::values(expected));
    CHECK(to_string(*nn::clone_module(*one.module)) == one.printed);
  }
}

TEST_CASE("softmax without a dimension takes the first of 0, 1 or 3, else the second") {
  const Tensor matrix = randn({2, 3}), vector = randn({3}), four = randn({2, 3, 2, 2});
  nn::Softmax softmax;
  CHECK(models::values(softmax(matrix)) == models::values(cairn::softmax(matrix, 1)));
  CHECK(models::values(softmax(vector)) == models::values(cairn::softmax(vector, 0)));
  CHECK(models::values(softmax(four)) == models::values(cairn::softmax(four, 1)));
}

TEST_CASE("rectifiers that work in place write into their input and give it back", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  const Tensor x = tensor({-2.0f, 3.0f}).to(device), y = x.clone();
  CHECK(nn::ReLU({.inplace = true})(x).is_same(x));
  CHECK(models::values(x) == std::vector<float>{0, 3});
  CHECK(nn::LeakyReLU({.negative_slope = 0.5, .inplace = true})(y).is_same(y));
  CHECK(models::values(y) == std::vector<float>{-1, 3});
  const Tensor leaf = ones({2}, {.device = device, .requires_grad = true});
  CHECK_THROWS_AS(nn::ReLU({.inplace = true})(leaf), AutogradError);
}

TEST_CASE("a leaky rectifier with a negative slope has no gradient in place, as what it was cannot be told") {
  const Tensor x = tensor({-2.0f, 3.0f}).requires_grad_(), y = x * 1;
  nn::LeakyReLU({.negative_slope = -0.5, .inplace = true})(y);
  CHECK(models::values(y) == std::vector<float>{1, 3});
  CHECK_THROWS_WITH(y.sum().backward(), Catch::Matchers::StartsWith("In-place leakyReLu backward calculation"));
}
