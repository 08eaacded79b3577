// Loading a state dict: PyTorch's texts to the letter, and all or nothing. module_load.cpp.
#include <cairn/nn/module.h>

#include <functional>

#include "catch.h"
#include "models.h"

using namespace cairn;
using models::MyModel;

namespace {

const StateDictError error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const StateDictError& error) {
    return error;
  }
  FAIL("no StateDictError was thrown");
  throw 0;
}

/// MyModel on a device.
struct On : MyModel {
  explicit On(Device device) { to(device); }
  std::string name() const override { return "MyModel"; }
};

struct Deep : nn::Module {
  nn::Child<nn::Linear> a{this, "a", 1, 1};
  nn::Child<nn::Linear> b{this, "b", 1, 1};
};

struct Scalars : nn::Module {
  nn::Parameter scalar{this, "scalar", zeros({})};
  nn::Parameter one{this, "one", zeros({1})};
  nn::Buffer count{this, "count", zeros({2}, {.dtype = DType::int64})};
};

struct Bn : nn::Module {
  nn::Child<nn::BatchNorm1d> bn{this, "bn", 2};
};

Value without_metadata(const StateDict& state) {
  Dict dict;
  for (const auto& [key, value] : state) dict.set(key, value);
  return dict;
}

/// A source of one deferred tensor whose elements are 1, 2, 3, ...
class Counting : public TensorSource {
 public:
  void verify(std::span<const Tensor>, const Progress&) override {}
  void read(std::span<const Transfer> batch, const Progress&, std::size_t* touched) override {
    for (const Transfer& transfer : batch) transfer.to.copy_(numbers(transfer.from));
    if (touched) *touched = batch.size();
  }
  std::vector<Tensor> materialize(std::span<const Tensor> tensors, const Progress&) override {
    std::vector<Tensor> made;
    for (const Tensor& tensor : tensors) made.push_back(numbers(tensor));
    return made;
  }

 private:
  static Tensor numbers(const Tensor& like) {
    return (arange(like.numel()).to(DType::float32) + 1).reshape(like.shape()).to(like.dtype());
  }
};

}  // namespace

TEST_CASE("loading copies into the tensors that are there, so whoever holds one sees it", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  On model(device);
  MyModel other;  // on the CPU
  const Tensor held = model.fc1->weight;
  const auto version = held.version();
  const LoadReport report = model.load_state_dict(other.state_dict());
  CHECK(to_string(report) == "<All keys matched successfully>");
  CHECK(models::values(held) == models::values(other.fc1->weight));
  CHECK_FALSE(held.shares_storage(other.fc1->weight));
  CHECK(held.requires_grad());
  CHECK(held.device() == device);
  CHECK(held.version() > version);
}

TEST_CASE("a state dict goes from any device to any other", "[device]") {
  for (const Device from : everywhere()) {
    for (const Device to : everywhere()) {
      On source(from), target(to);
      target.load_state_dict(source.state_dict());
      CHECK(target.fc2->weight.device() == to);
      CHECK(models::values(target.fc2->weight) == models::values(source.fc2->weight));
      target.load_state_dict(source.state_dict(), {.assign = true});
      CHECK(target.fc2->weight.device() == from);
      CHECK(target.fc2->weight.shares_storage(source.fc2->weight));
    }
  }
}

TEST_CASE("everything that does not fit is named at once, and nothing is changed", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  On model(device);
  MyModel other;
  const std::vector<float> before = models::values(model.fc1->weight);
  StateDict state = other.state_dict();
  state.set("fc1234.weight", state.pop("fc2.weight"));
  state.pop("fc2.bias");
  state.set("extra", zeros({1}));
  state.set("fc1.bias", zeros({4, 2}));
  const std::string expected =
      "Error(s) in loading state_dict for MyModel:\n"
      "\tMissing key(s) in state_dict: \"fc2.weight\", \"fc2.bias\". \n"
      "\tUnexpected key(s) in state_dict: \"fc1234.weight\", \"extra\". \n"
      "\tsize mismatch for fc1.bias: copying a param with shape torch.Size([4, 2]) from checkpoint, the shape in "
      "current model is torch.Size([5]).";
  SECTION("strictly") {
    CHECK(error_of([&] { model.load_state_dict(state); }).message() == expected);
  }
  SECTION("a size that does not fit is an error even when keys may differ") {
    const std::string message = error_of([&] { model.load_state_dict(state, {.strict = false}); }).message();
    CHECK(message.starts_with("Error(s) in loading state_dict for MyModel:\n\tsize mismatch for fc1.bias"));
  }
  CHECK(models::values(model.fc1->weight) == before);
}

TEST_CASE("keys that differ are reported when they may") {
  MyModel model;
  StateDict state = model.state_dict();
  state.set("zz", state.pop("fc2.weight"));
  CHECK(to_string(model.load_state_dict(state, {.strict = false})) ==
        "_IncompatibleKeys(missing_keys=['fc2.weight'], unexpected_keys=['zz'])");
}

TEST_CASE("unexpected keys are listed module by module, as the walk meets them") {
  StateDict state = Deep().state_dict();
  for (const char* key : {"b.weight.y", "a.x", "c", "a._extra_state", "a.weight.z"}) state.set(key, zeros({1}));
  CHECK(Deep().load_state_dict(state, {.strict = false}).unexpected_keys ==
        std::vector<std::string>{"c", "a._extra_state", "a.x", "a.weight.z", "b.weight.y"});
}

TEST_CASE("what is no tensor is named with its type") {
  MyModel model;
  StateDict state = model.state_dict();
  state.set("fc1.bias", Value());
  CHECK(error_of([&] { model.load_state_dict(state); }).message() ==
        "Error(s) in loading state_dict for MyModel:\n\tWhile copying the parameter named \"fc1.bias\", expected "
        "torch.Tensor or "
        "Tensor-like object from checkpoint but received <class 'NoneType'>");
}

TEST_CASE("what is no dict is refused") {
  MyModel model;
  CHECK_THROWS_WITH(model.load_state_dict(Value(5)), "Expected state_dict to be dict-like, got <class 'int'>.");
  CHECK_THROWS_WITH(model.load_state_dict(Value(List{1})), "Expected state_dict to be dict-like, got <class 'list'>.");
}

TEST_CASE("shapes are lenient in PyTorch's one way: [1] into a scalar", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Scalars module;
  module.to(device);
  StateDict state = module.state_dict();
  state.set("scalar", full({1}, 3));
  module.load_state_dict(state);
  CHECK(module.scalar.item() == 3);
  state.set("scalar", zeros({2}));
  CHECK_THROWS_AS(module.load_state_dict(state), StateDictError);
  state.set("scalar", zeros({}));
  state.set("one", zeros({}));
  CHECK_THROWS_AS(module.load_state_dict(state), StateDictError);
}

TEST_CASE("other dtypes are converted and reported, unless the policy is narrower", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Scalars module;
  module.to(device);
  StateDict state = module.state_dict();
  state.set("one", full({1}, 0.5, {.dtype = DType::float64}));
  state.set("count", full({2}, 1.9));
  const LoadReport report = module.load_state_dict(state);
  CHECK(report.conversions == std::vector<std::string>{"one: float64 -> float32", "count: float32 -> int64"});
  CHECK(module.one.item() == 0.5);
  CHECK(numbers<std::int64_t>(module.count) == std::vector<std::int64_t>{1, 1});
  CHECK_THROWS_AS(module.load_state_dict(state, {.dtype_policy = nn::DTypePolicy::widen}), StateDictError);
  state.set("one", full({1}, 0.5).to(DType::float16));
  state.set("count", zeros({2}, {.dtype = DType::int32}));
  CHECK_NOTHROW(module.load_state_dict(state, {.dtype_policy = nn::DTypePolicy::widen}));
  CHECK_THROWS_AS(module.load_state_dict(state, {.dtype_policy = nn::DTypePolicy::exact}), StateDictError);
}

TEST_CASE("widening is what keeps every value") {
  using enum DType;
  const std::tuple<DType, DType, bool> conversions[] = {
      {float16, float32, true},     {bfloat16, float32, true},
      {bfloat16, float16, false},   {float16, bfloat16, false},
      {float32, float64, true},     {float64, float32, false},
      {int16, float32, true},       {int32, float32, false},
      {int32, float64, true},       {int64, float64, false},
      {uint8, int8, false},         {int8, uint8, false},
      {boolean, uint8, true},       {float32, int64, false},
      {float8_e5m2, float16, true}, {float8_e5m2, float8_e4m3fn, false},
      {float32, complex64, true},   {float64, complex64, false}};
  for (const auto& [from, to, widens] : conversions) {
    CAPTURE(from, to);
    struct One : nn::Module {
      explicit One(DType dtype) : x(this, "x", zeros({2}, {.dtype = dtype})) {}
      nn::Buffer x;
    } module(to);
    const StateDict state = {{"x", zeros({2}, {.dtype = from})}};
    if (widens)
      CHECK_NOTHROW(module.load_state_dict(state, {.dtype_policy = nn::DTypePolicy::widen}));
    else
      CHECK_THROWS_AS(module.load_state_dict(state, {.dtype_policy = nn::DTypePolicy::widen}), StateDictError);
  }
}

TEST_CASE("a meta model takes nothing, and says so, unless it is assigned", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  nn::Linear real(2, 3, {.device = device}), model(2, 3, {.device = "meta"});
  const LoadReport report = model.load_state_dict(real.state_dict());
  REQUIRE(report.warnings.size() == 2);
  CHECK(report.warnings[0] ==
        "for weight: copying from a non-meta parameter in the checkpoint to a meta parameter in the current model, "
        "which is a no-op. "
        "(Did you mean to pass `assign=True` to assign items in the state dictionary to their corresponding key in the "
        "module instead of "
        "copying them in place?)");
  CHECK(model.weight.device().is_meta());
  model.load_state_dict(real.state_dict(), {.assign = true});
  CHECK(models::values(model.weight) == models::values(real.weight));
  CHECK(model.weight.requires_grad());
  CHECK(model.weight.device() == device);
  CHECK(error_of([&] { real.load_state_dict(nn::Linear(2, 3, {.device = "meta"}).state_dict()); })
            .message()
            .ends_with("an exception occurred : ('Cannot copy out of meta tensor; no data!',)."));
}

TEST_CASE("assign takes the saved tensors themselves") {
  MyModel model;
  StateDict state = MyModel().state_dict();
  state.set("fc1.bias", zeros({5}, {.dtype = DType::float64}));
  model.fc2->bias.requires_grad_(false);
  const LoadReport report = model.load_state_dict(state, {.assign = true});
  CHECK(report.conversions.empty());
  CHECK(model.fc1->weight.shares_storage(state.at("fc1.weight")));
  CHECK(model.fc1->bias.dtype() == DType::float64);
  CHECK(model.fc1->bias.requires_grad());
  CHECK_FALSE(model.fc2->bias.requires_grad());
  CHECK(model.parameters().size() == 4);
}

TEST_CASE("BatchNorm does without the number of batches in dicts older than version 2", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  Bn model;
  model.to(device);
  model.bn->num_batches_tracked.fill_(5);
  StateDict state = model.state_dict();
  state.pop("bn.num_batches_tracked");
  CHECK(to_string(model.load_state_dict(without_metadata(state))) == "<All keys matched successfully>");
  CHECK(model.bn->num_batches_tracked.item_int64() == 5);
  CHECK(error_of([&] { model.load_state_dict(state); }).message() ==
        "Error(s) in loading state_dict for Bn:\n\tMissing key(s) in state_dict: \"bn.num_batches_tracked\". ");
}

TEST_CASE("numbers without a gradient are no parameter to assign, and one fault among the others") {
  nn::Linear model(2, 3);
  const StateDict state{{"weight", zeros({3, 2}, {.dtype = DType::int64})}, {"extra", zeros({1})}};
  CHECK_THROWS_WITH(
      model.load_state_dict(state, {.assign = true}),
      Catch::Matchers::StartsWith(
          "Error(s) in loading state_dict for Linear:\n\tMissing key(s) in state_dict: \"bias\". \n\tUnexpected key(s) "
          "in "
          "state_dict: \"extra\". \n\tWhile copying the parameter named \"weight\", whose dimensions in the model are "
          "torch.Size([3, 2]) and whose dimensions in the checkpoint are torch.Size([3, 2]), an exception occurred : "
          "('Only "
          "Tensors of floating point and complex dtype can require gradients',)."));
  model.requires_grad_(false);
  CHECK_NOTHROW(model.load_state_dict(state, {.strict = false, .assign = true}));
}

TEST_CASE("deferred tensors stream into the model, or are assigned", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  nn::Linear model(2, 3, {.device = device});
  const auto source = Reference<TensorSource>::adopt(new Counting);
  const StateDict state = {{"weight", make_deferred(source, 0, {3, 2}, DType::float32, {})},
                           {"bias", make_deferred(source, 1, {3}, DType::float64, {})}};
  SECTION("in place") {
    const Tensor held = model.weight;
    const LoadReport report = model.load_state_dict(state);
    CHECK(models::values(held) == std::vector<float>{1, 2, 3, 4, 5, 6});
    CHECK(models::values(model.bias) == std::vector<float>{1, 2, 3});
    CHECK(report.conversions == std::vector<std::string>{"bias: float64 -> float32"});
  }
  SECTION("assigned") {
    model.load_state_dict(state, {.assign = true});
    CHECK(models::values(model.weight) == std::vector<float>{1, 2, 3, 4, 5, 6});
    CHECK(model.bias.dtype() == DType::float64);
    CHECK_FALSE(model.bias.is_deferred());
  }
}

TEST_CASE("a plan changes nothing until it is committed", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  On model(device);
  MyModel other;
  const std::vector<float> before = models::values(model.fc1->weight);
  LoadPlan plan = model.plan_load(other.state_dict(), {});
  CHECK(models::values(model.fc1->weight) == before);
  plan.commit();
  CHECK(models::values(model.fc1->weight) == models::values(other.fc1->weight));
}

TEST_CASE("of tied parameters the last in the walk wins, and the report names the other", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  models::Tied model;
  model.to(device);
  StateDict state;
  for (const auto& [key, value] : model.state_dict()) state.set(key, value.as_tensor().clone());
  state.pop("row");
  state.at("encoder.weight").fill_(1);
  state.at("decoder.weight").fill_(2);
  const LoadReport report = model.load_state_dict(state, {.strict = false});
  CHECK(report.ties == std::vector<std::string>{"encoder.weight"});
  CHECK(models::values(model.encoder->weight) == std::vector<float>(16, 2.0f));
}

TEST_CASE("a model can load its own state dict", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  On model(device);
  const std::vector<float> before = models::values(model.fc1->weight);
  model.load_state_dict(model.state_dict());
  CHECK(models::values(model.fc1->weight) == before);
}
