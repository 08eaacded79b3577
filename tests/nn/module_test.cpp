#include <cairn/nn/module.h>

#include <functional>
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

TEST_CASE("what is tied is listed under every name when asked for") {
  models::Tied model;
  CHECK(names(model.named_parameters("", true, false)) ==
        std::vector<std::string>{"encoder.weight", "encoder.bias", "decoder.weight", "decoder.bias"});
  MyModel shared;
  shared.fc1 = nn::make<nn::Linear>(4, 4);
  shared.fc2 = shared.fc1.shared();
  CHECK(shared.named_modules().size() == 2);
  CHECK(shared.named_modules("", false).size() == 3);
  nn::Sequential twice;
  twice.register_buffer("a", zeros({1}));
  twice.register_buffer("b", twice.get_buffer("a"));
  CHECK(names(twice.named_buffers()) == std::vector<std::string>{"a"});
  CHECK(names(twice.named_buffers("", true, false)) == std::vector<std::string>{"a", "b"});
}

TEST_CASE("parameters and buffers are found by path, with PyTorch's texts for what is not there") {
  Wrapper model;
  CHECK(model.get_parameter("module.fc1.weight").is_same(model.module->fc1->weight));
  CHECK(&model.get_buffer("bn.running_mean") == &model.bn->running_mean);
  model.get_parameter("bn.bias") = zeros({2}, {.dtype = DType::float64});
  CHECK(model.bn->bias.dtype() == DType::float64);
  const std::pair<std::function<void()>, const char*> wrong[] = {
      {[&] { model.get_parameter("module.fc1.foo"); }, "Linear has no attribute `foo`"},
      {[&] { model.get_parameter("bn.running_mean"); }, "`running_mean` is not an nn.Parameter"},
      {[&] { model.get_buffer("bn.weight"); }, "`weight` is not a buffer"},
      {[&] { model.get_buffer("bn.foo"); }, "BatchNorm1d has no attribute `foo`"},
      {[&] { model.get_submodule("bn.weight"); }, "`weight` is not an nn.Module"},
      {[&] { model.get_submodule("none"); }, "`none` is not an nn.Module"},
      {[&] { model.get_submodule("other.fc"); }, "Wrapper has no attribute `other`"},
      {[&] { model.get_submodule("bn."); }, "BatchNorm1d has no attribute ``"},
      {[&] { model.get_parameter("bn..weight"); }, "BatchNorm1d has no attribute ``"},
      {[&] { model.set_submodule("other.fc", nullptr); }, "Wrapper has no attribute `other`"},
      {[&] { model.set_submodule("bn.weight", nn::make<nn::ReLU>()); }, "`weight` is not an nn.Module"},
      {[&] { model.set_submodule("act", nn::make<nn::ReLU>(), true); }, "Wrapper has no attribute `act`"}};
  for (const auto& [lookup, message] : wrong) {
    try {
      lookup();
      FAIL("nothing was thrown instead of " << message);
    } catch (const KeyError& error) {
      CHECK(error.message() == message);
    }
  }
  CHECK_THROWS_WITH(model.set_submodule("", nullptr), "Cannot set the submodule without a target name!");
}

TEST_CASE("a member is replaced by name while the program runs") {
  Wrapper model;
  SECTION("a module, wherever it is") {
    model.set_submodule("module.fc2", nn::make<nn::Linear>(5, 9));
    CHECK(model.module->fc2->out_features == 9);
    model.set_submodule("none", nn::make<nn::ReLU>());
    model.set_submodule("none.extra", nn::make<nn::Sigmoid>());
    CHECK(model.get_submodule("none.extra").name() == "Sigmoid");
    model.set_submodule("none", nullptr);
    CHECK_FALSE(static_cast<bool>(model.none));
  }
  SECTION("a declared child only by a module of its class") {
    const nn::Module* before = &*model.module->fc2;
    CHECK_THROWS_WITH(model.set_submodule("module.fc2", nn::make<nn::ReLU>()),
                      "cannot assign 'ReLU' as child module 'fc2' (the class it is declared with, or None, expected)");
    CHECK(&*model.module->fc2 == before);
    Wrapper copy = model;
    CHECK_THROWS_AS(copy.set_submodule("bn", nn::make<nn::ReLU>()), TypeError);
  }
  SECTION("a parameter and a buffer") {
    model.bn->register_parameter("weight", ones({3}));
    CHECK(model.bn->weight.shape() == Shape{3});
    CHECK(model.bn->weight.requires_grad());
    model.bn->register_buffer("running_var", Tensor());
    CHECK_FALSE(model.bn->running_var.defined());
    CHECK(names(model.bn->named_buffers()) == std::vector<std::string>{"running_mean", "num_batches_tracked"});
  }
  SECTION("but not by a member of another kind") {
    CHECK_THROWS_WITH(model.bn->register_buffer("weight", ones({3})), "attribute 'weight' already exists");
    CHECK_THROWS_WITH(model.register_parameter("bn", ones({3})), "attribute 'bn' already exists");
  }
}

TEST_CASE("a parameter that is None is declared and in no list") {
  MyModel model;
  model.register_parameter("scale", Tensor());
  CHECK(model.parameters().size() == 4);
  CHECK_FALSE(model.state_dict().contains("scale"));
  CHECK_THROWS_WITH(model.get_parameter("scale"), "`scale` is not an nn.Parameter");
  model.register_parameter("scale", ones({1}));
  CHECK(names(model.named_parameters()).front() == "scale");
}

TEST_CASE("a buffer that is not persistent is listed and not saved") {
  MyModel model;
  model.register_buffer("mask", ones({2}), false);
  CHECK(names(model.named_buffers()) == std::vector<std::string>{"mask"});
  CHECK_FALSE(model.state_dict().contains("mask"));
  model.register_buffer("mask", ones({2}));
  CHECK(model.state_dict().contains("mask"));
}

TEST_CASE("names that are no text are refused") {
  MyModel model;
  CHECK_THROWS_WITH(model.register_parameter("a\xff", ones({1})),
                    "parameter name must be text in UTF-8, got: 'a\\xff'");
  CHECK_THROWS_WITH(model.register_buffer("\xc0\x80", ones({1})),
                    Catch::Matchers::Contains("buffer name must be text in UTF-8"));
  CHECK_THROWS_AS(model.register_module("\xed\xa0\x80", nn::make<nn::ReLU>()), KeyError);
  CHECK_NOTHROW(model.register_parameter("größe", ones({1})));
}

TEST_CASE("dtypes have the names PyTorch gives their conversions", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Wrapper model;
  model.to(device);
  const auto dtype = [&] { return std::pair(model.bn->weight.dtype(), model.bn->running_mean.dtype()); };
  CHECK(&model.half() == &model);
  CHECK(dtype() == std::pair(DType::float16, DType::float16));
  model.bfloat16();
  CHECK(dtype() == std::pair(DType::bfloat16, DType::bfloat16));
  model.double_();
  CHECK(dtype() == std::pair(DType::float64, DType::float64));
  model.float_();
  CHECK(dtype() == std::pair(DType::float32, DType::float32));
  CHECK(model.bn->num_batches_tracked.dtype() == DType::int64);
}

TEST_CASE("unwrap finds the module inside its wrappers") {
  struct Parallel : nn::Module {
    nn::Child<> module{this, "module"};
    explicit Parallel(std::shared_ptr<nn::Module> inner) { module = std::move(inner); }
    nn::Module* wrapped() override { return &*module; }
  };
  const auto inner = nn::make<MyModel>();
  Parallel once(inner), twice(std::make_shared<Parallel>(inner));
  CHECK(&nn::unwrap(once) == inner.get());
  CHECK(&nn::unwrap(twice) == inner.get());
  CHECK(&nn::unwrap(*inner) == inner.get());
  CHECK(once.state_dict().contains("module.fc1.weight"));
}
