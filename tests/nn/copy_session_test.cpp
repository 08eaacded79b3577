// Copying, moving, assigning and cloning modules: copy_session.h.
#include <cairn/nn/child.h>

#include <memory>

#include "catch.h"
#include "models.h"

using namespace cairn;
using models::MyModel;
using models::Tied;

namespace {

bool shares_nothing(const nn::Module& a, const nn::Module& b) {
  const StateDict left = a.state_dict(), right = b.state_dict();
  for (const auto& [key, value] : left) {
    if (value.as_tensor().shares_storage(right.at(key))) return false;
  }
  return true;
}

bool equal(const nn::Module& a, const nn::Module& b) {
  const StateDict left = a.state_dict(), right = b.state_dict();
  if (left.keys() != right.keys()) return false;
  for (const auto& [key, value] : left) {
    if (models::values(value.as_tensor()) != models::values(right.at(key))) return false;
  }
  return true;
}

struct NotCopyable : nn::Module {
  nn::Parameter weight{this, "weight", ones({1})};
  std::unique_ptr<int> owned;
};

struct Layers : nn::Module {
  std::vector<nn::Child<nn::Linear>> layers;
  Layers() {
    for (int i = 0; i < 3; ++i) layers.emplace_back(this, "layer" + std::to_string(i), 2, 2);
  }
};

struct Failing : nn::Module {
  nn::Parameter first{this, "first", ones({1})};
  struct Bomb {
    Bomb() = default;
    Bomb(const Bomb&) { throw std::runtime_error("bomb"); }
  } bomb;
  nn::Parameter second{this, "second", ones({1})};
};

}  // namespace

TEST_CASE("a copy of a module has numbers of its own", "[device]") {
  const Device device = GENERATE(from_range(everywhere()));
  CAPTURE(device);
  MyModel model;
  model.to(device);
  model.eval();
  MyModel copy = model;
  CHECK(equal(model, copy));
  CHECK(shares_nothing(model, copy));
  CHECK_FALSE(copy.training);
  for (const Tensor& parameter : copy.parameters()) CHECK(parameter.requires_grad());
  copy.fc1->weight.detach().fill_(7);
  CHECK_FALSE(equal(model, copy));
  CHECK(copy.fc1.owner() == &copy);
  CHECK(copy.fc1->weight.device() == device);
}

TEST_CASE("a copy lists members in the order of its original, whatever their order in the class") {
  Tied model;
  model.downsample.emplace(&model, "downsample", nn::Linear(2, 2), nn::ReLU());
  const Tied copy = model;
  CHECK(copy.state_dict().keys() == model.state_dict().keys());
  CHECK(copy.downsample->owner() == &copy);
  CHECK(shares_nothing(model, copy));
}

TEST_CASE("what is tied stays tied in a copy") {
  Tied model;
  SECTION("copied") {
    const Tied copy = model;
    CHECK(copy.encoder->weight.is_same(copy.decoder->weight));
    CHECK(copy.row.shares_storage(copy.encoder->weight));
    CHECK(copy.row.storage_offset() == 4);
    CHECK(copy.named_parameters().size() == model.named_parameters().size());
    CHECK(shares_nothing(model, copy));
  }
  SECTION("cloned through a base") {
    const nn::Module& base = model;
    const auto copy = std::dynamic_pointer_cast<Tied>(nn::clone(base));
    REQUIRE(copy);
    CHECK(copy->encoder->weight.is_same(copy->decoder->weight));
    CHECK(shares_nothing(model, *copy));
  }
  SECTION("assigned") {
    Tied copy;
    copy = model;
    CHECK(equal(model, copy));
    CHECK(copy.encoder->weight.is_same(copy.decoder->weight));
    CHECK(shares_nothing(model, copy));
  }
  SECTION("in a list of modules, where one module stands twice") {
    nn::Sequential list;
    const auto layer = nn::make<nn::Linear>(2, 2);
    list.push_back(layer);
    list.push_back(layer);
    const nn::Sequential copy = list;
    CHECK(&copy[0] == &copy[1]);
    CHECK(&copy[0] != layer.get());
  }
}

TEST_CASE("assigning a module leaves nothing of the old one, optional members included") {
  Tied with, without;
  with.downsample.emplace(&with, "downsample", nn::Linear(2, 2));
  SECTION("that the source lacks") {
    with = without;
    CHECK(with.state_dict().keys() == without.state_dict().keys());
    CHECK_FALSE(with.downsample);
  }
  SECTION("that only the source has") {
    without = with;
    CHECK(without.state_dict().keys() == with.state_dict().keys());
    CHECK(without.downsample->owner() == &without);
    CHECK(shares_nothing(with, without));
  }
}

TEST_CASE("after a module was assigned, assigning single members ties again") {
  MyModel a, b;
  a = b;
  a.fc1->weight = b.fc1->weight;
  CHECK(a.fc1->weight.is_same(b.fc1->weight));
}

TEST_CASE("a module that is moved keeps its tensors, and what it was moved from is empty") {
  MyModel model;
  const Tensor weight = model.fc1->weight;
  const MyModel moved = std::move(model);
  CHECK(moved.fc1->weight.is_same(weight));
  CHECK(moved.parameters().size() == 4);
  CHECK(model.parameters().empty());
}

TEST_CASE("a clone is what the module is, not what its reference says") {
  const std::shared_ptr<nn::Module> modules[] = {nn::make<nn::Linear>(2, 3), nn::make<nn::ReLU>(), nn::make<MyModel>(),
                                                 nn::make<nn::Sequential>(nn::Linear(2, 2), nn::Sigmoid()),
                                                 nn::make<nn::BatchNorm1d>(3)};
  for (const auto& module : modules) {
    const auto copy = nn::clone(*module);
    CHECK(to_string(*copy) == to_string(*module));
    CHECK(typeid(*copy) == typeid(*module));
    CHECK(equal(*copy, *module));
    CHECK(shares_nothing(*copy, *module));
  }
  nn::ReLU on_the_stack;
  CHECK(to_string(*nn::clone(static_cast<const nn::Module&>(on_the_stack))) == "ReLU()");
}

TEST_CASE("a module that cannot be copied says so") {
  NotCopyable module;
  CHECK_THROWS_AS(nn::clone(static_cast<const nn::Module&>(module)), TypeError);
}

TEST_CASE("members in a vector are copied with their module") {
  Layers list;
  const Layers copy = list;
  CHECK(copy.state_dict().keys() == list.state_dict().keys());
  CHECK(shares_nothing(list, copy));
  for (const auto& layer : copy.layers) CHECK(layer.owner() == &copy);
}

TEST_CASE("a copy that fails half-way leaves the original and later copies alone") {
  const Failing failing;
  CHECK_THROWS(Failing(failing));
  CHECK(models::names(failing.named_parameters()) == std::vector<std::string>{"first", "second"});
  const nn::Parameter standalone = failing.second;
  CHECK(standalone.is_same(failing.second));
  const MyModel model, copy = model;
  CHECK(equal(model, copy));
}

TEST_CASE("an assignment that fails half-way takes no later copy of the source for its own") {
  struct Net : nn::Module {
    nn::Child<nn::Module> part{this, "part"};
    nn::Parameter weight{this, "weight", ones({1})};
  };
  Net destination, source;
  source.part = nn::make<NotCopyable>();
  CHECK_THROWS_AS(destination = source, TypeError);
  {
    const nn::Parameter other = source.weight;
    CHECK(other.owner() == nullptr);
  }
  CHECK(models::names(destination.named_parameters()) == std::vector<std::string>{"weight"});
}

TEST_CASE("members known only at run time are copied") {
  nn::Sequential model;
  model.register_parameter("scale", ones({2}));
  model.register_buffer("seen", zeros({2}), false);
  model.push_back(nn::Linear(2, 2));
  const nn::Sequential copy = model;
  CHECK(equal(model, copy));
  CHECK(shares_nothing(model, copy));
  CHECK(copy.named_buffers().size() == 1);
}
