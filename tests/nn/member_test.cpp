// How members enter, leave and keep their place in a module's table.
#include <cairn/nn/member.h>

#include <optional>

#include "catch.h"
#include "message_of.h"
#include "models.h"

using namespace cairn;

namespace {

struct Scale : nn::Module {
  nn::Parameter weight{this, "weight", ones({3})};
};

}  // namespace

TEST_CASE("a member that goes leaves its module") {
  Scale scale;
  {
    nn::Parameter extra(&scale, "extra", ones({1}));
    CHECK(models::names(scale.named_parameters()) == std::vector<std::string>{"weight", "extra"});
  }
  CHECK(models::names(scale.named_parameters()) == std::vector<std::string>{"weight"});
}

TEST_CASE("a member that is moved keeps its place") {
  Scale scale;
  std::vector<nn::Parameter> list;
  for (int i = 0; i < 5; ++i) list.emplace_back(&scale, "p" + std::to_string(i), ones({1}));
  CHECK(models::names(scale.named_parameters()) == std::vector<std::string>{"weight", "p0", "p1", "p2", "p3", "p4"});
  for (const nn::Parameter& parameter : list) CHECK(parameter.owner() == &scale);
}

TEST_CASE("a member that outlives its module belongs to nobody") {
  std::optional<nn::Parameter> survivor;
  {
    Scale scale;
    survivor.emplace(&scale, "survivor", ones({1}));
  }
  CHECK(survivor->owner() == nullptr);
  CHECK(survivor->numel() == 1);
}

TEST_CASE("names are checked with PyTorch's texts") {
  Scale scale;
  CHECK(message_of([&] { nn::Parameter(&scale, "a.b", ones({1})); }) == "parameter name can't contain \".\"");
  CHECK(message_of([&] { nn::Parameter(&scale, "", ones({1})); }) == "parameter name can't be empty string \"\"");
  CHECK(message_of([&] { nn::Buffer(&scale, "a.b", ones({1})); }) == "buffer name can't contain \".\"");
  CHECK(message_of([&] { nn::Buffer(&scale, "", ones({1})); }) == "buffer name can't be empty string \"\"");
  CHECK(message_of([&] { nn::Child<>(&scale, "a.b", nullptr); }) == "module name can't contain \".\", got: a.b");
  CHECK(message_of([&] { nn::Child<>(&scale, "", nullptr); }) == "module name can't be empty string \"\"");
  CHECK(message_of([&] { nn::Buffer(&scale, "weight", ones({1})); }) == "attribute 'weight' already exists");
  CHECK(models::names(scale.named_parameters()) == std::vector<std::string>{"weight"});
}
