#include <cairn/nn/module.h>

#include <sstream>

#include "catch.h"
#include "models.h"

using namespace cairn;
using models::MyModel;
using models::names;

namespace {

struct Wrapper : nn::Module {
  nn::Child<MyModel> module{this, "module"};
  nn::Child<nn::BatchNorm1d> bn{this, "bn", 2};
  nn::Child<> none{this, "none"};
  Tensor forward(const Tensor& x) override { return bn(module(x)); }
};

struct Verbose : nn::Module {
  std::string extra_repr() const override { return "one,\ntwo"; }
};

}  // namespace

TEST_CASE("parameters are listed by dotted name, parents first") {
  Wrapper model;
  CHECK(names(model.named_parameters()) == std::vector<std::string>{"module.fc1.weight", "module.fc1.bias",
                                                                    "module.fc2.weight", "module.fc2.bias", "bn.weight",
                                                                    "bn.bias"});
  CHECK(names(model.named_parameters("net")).front() == "net.module.fc1.weight");
  CHECK(model.named_parameters("", false).empty());
  CHECK(names(model.named_buffers()) ==
        std::vector<std::string>{"bn.running_mean", "bn.running_var", "bn.num_batches_tracked"});
  CHECK(model.parameters().size() == 6);
}

TEST_CASE("modules are listed by dotted name, the root under no name") {
  Wrapper model;
  std::vector<std::string> found;
  for (const auto& [name, module] : model.named_modules()) found.push_back(name);
  CHECK(found == std::vector<std::string>{"", "module", "module.fc1", "module.fc2", "bn"});
  CHECK(model.children().size() == 2);
  CHECK(&model.get_submodule("module.fc1") == &*model.module->fc1);
  CHECK(&model.get_submodule("") == &model);
  CHECK_THROWS_AS(model.get_submodule("module.fc3"), KeyError);
}

TEST_CASE("what is tied is listed once, under its first name") {
  models::Tied model;
  CHECK(names(model.named_parameters()) == std::vector<std::string>{"encoder.weight", "encoder.bias", "decoder.bias"});
}

TEST_CASE("train and eval reach every module below") {
  Wrapper model;
  model.eval();
  for (const nn::Module* module : model.modules()) CHECK_FALSE(module->training);
  model.train();
  for (const nn::Module* module : model.modules()) CHECK(module->training);
}

TEST_CASE("a module without forward says which") {
  Verbose module;
  CHECK_THROWS_WITH(module(ones({1})),
                    Catch::Matchers::Contains("Module [Verbose] is missing the required \"forward\" function"));
}

TEST_CASE("moving a model to a dtype keeps its tensors", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Wrapper model;
  model.to(device);
  const Tensor held = model.module->fc1->weight;
  model(ones({4, 3}, {.device = device})).sum().backward();
  model.to(DType::float64);
  CHECK(held.dtype() == DType::float64);
  CHECK(held.is_same(model.module->fc1->weight));
  CHECK(held.grad().dtype() == DType::float64);
  CHECK(held.requires_grad());
  CHECK(model.bn->running_mean.dtype() == DType::float64);
  CHECK(model.bn->num_batches_tracked.dtype() == DType::int64);
  CHECK_THROWS_WITH(
      model.to(DType::int64),
      Catch::Matchers::Contains(
          "nn.Module.to only accepts floating point or complex dtypes, but got desired dtype=torch.int64"));
}

TEST_CASE("moving a model to a device keeps its tensors", "[device]") {
  for (const Device device : devices()) {
    CAPTURE(device);
    MyModel model;
    const Tensor held = model.fc1->weight;
    const std::vector<float> before = models::values(held);
    model(ones({2, 3})).sum().backward();
    const std::vector<float> grad = models::values(held.grad());
    model.to(device);
    CHECK(held.device() == device);
    CHECK(held.is_same(model.fc1->weight));
    CHECK(held.grad().device() == device);
    CHECK(models::values(held.grad()) == grad);
    CHECK(models::values(model.fc1->weight) == before);
    CHECK(model(ones({2, 3}, {.device = device})).device() == device);
    model.to(another_device(device));
    CHECK(held.device() == another_device(device));
    model.to("cpu");
    CHECK(held.device() == Device("cpu"));
    CHECK(models::values(held) == before);
    CHECK(held.requires_grad());
  }
}

TEST_CASE("what is tied stays tied on a device", "[device]") {
  for (const Device device : devices()) {
    models::Tied model;
    model.to(device);
    CHECK(model.encoder->weight.is_same(model.decoder->weight));
    CHECK(model.parameters().size() == 3);
    CHECK(model(ones({2, 4}, {.device = device})).shape() == Shape{2, 4});
  }
}

TEST_CASE("a meta model has shapes only, and becomes real by to_empty", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  nn::Linear model(3, 5, {.device = "meta"});
  CHECK(model.weight.device().is_meta());
  CHECK_THROWS_WITH(model.to("cpu"), Catch::Matchers::Contains("Cannot copy out of meta tensor; no data!"));
  CHECK(model.weight.device().is_meta());
  model.to_empty(device);
  CHECK(model.weight.device() == device);
  CHECK(model.weight.shape() == Shape{5, 3});
}

TEST_CASE("requires_grad_ and zero_grad reach every parameter", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  MyModel model;
  model.to(device);
  model(ones({2, 3}, {.device = device})).sum().backward();
  const Tensor grad = model.fc2->bias.grad();
  model.zero_grad(false);
  CHECK(models::values(grad) == std::vector<float>{0, 0});
  model.zero_grad();
  CHECK_FALSE(model.fc2->bias.grad().defined());
  model.requires_grad_(false);
  for (const Tensor& parameter : model.parameters()) CHECK_FALSE(parameter.requires_grad());
}

TEST_CASE("apply reaches children first") {
  MyModel model;
  std::vector<std::string> order;
  model.apply([&](nn::Module& module) { order.push_back(module.name()); });
  CHECK(order == std::vector<std::string>{"Linear", "Linear", "MyModel"});
}

TEST_CASE("a module prints as PyTorch prints it") {
  std::ostringstream out;
  out << Wrapper();
  CHECK(out.str() ==
        "Wrapper(\n"
        "  (module): MyModel(\n"
        "    (fc1): Linear(in_features=3, out_features=5, bias=True)\n"
        "    (fc2): Linear(in_features=5, out_features=2, bias=True)\n"
        "  )\n"
        "  (bn): BatchNorm1d(2, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)\n"
        "  (none): None\n"
        ")");
  CHECK(to_string(nn::Sequential()) == "Sequential()");
  CHECK(to_string(Verbose()) == "Verbose(\n  one,\n  two\n)");
}
