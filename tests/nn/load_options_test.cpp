// What a load may do beyond PyTorch, when it is asked to. load_options.h.
#include <cairn/nn/load_options.h>

#include "catch.h"
#include "models.h"

using namespace cairn;
using models::MyModel;
using models::values;

namespace {

StateDict named(const StateDict& state, const std::string& prefix) {
  StateDict result;
  for (const auto& [key, value] : state) result.set(prefix + key, value);
  return result;
}

const char* const all_matched = "<All keys matched successfully>";

}  // namespace

TEST_CASE("entries that do not fit are skipped when asked, and reported") {
  MyModel model, other;
  StateDict state = other.state_dict();
  state.set("fc2.weight", zeros({7, 5}));
  state.set("fc2.bias", zeros({2}, {.dtype = DType::float64}));
  const std::vector<float> before = values(model.fc2->weight);
  CHECK_THROWS_AS(model.load_state_dict(state), StateDictError);
  const LoadReport report =
      model.load_state_dict(state, {.dtype_policy = nn::DTypePolicy::exact, .skip_mismatched = true});
  CHECK(report.skipped == std::vector<std::string>{"fc2.weight: [7, 5] from checkpoint, [2, 5] in model",
                                                   "fc2.bias: float64 from checkpoint, float32 in model"});
  CHECK(to_string(report).find("skipped=['fc2.weight: [7, 5] from checkpoint") != std::string::npos);
  CHECK(values(model.fc2->weight) == before);
  CHECK(values(model.fc1->weight) == values(other.fc1->weight));
}

TEST_CASE("a prefix is taken off, given or that of wrappers") {
  MyModel other;
  for (const char* prefix : {"module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.module."}) {
    CAPTURE(prefix);
    MyModel model;
    const StateDict state = named(other.state_dict(), prefix);
    CHECK(to_string(model.load_state_dict(state, {.strip_wrappers = true})) == all_matched);
    CHECK(values(model.fc1->weight) == values(other.fc1->weight));
    CHECK(to_string(model.load_state_dict(state, {.strip_prefix = prefix})) == all_matched);
    CHECK(state.contains(std::string(prefix) + "fc1.weight"));
    CHECK_THROWS_AS(model.load_state_dict(state), StateDictError);
  }
  MyModel model;
  StateDict mixed = other.state_dict();
  mixed.set("module.fc1.bias", mixed.pop("fc1.bias"));
  CHECK_THROWS_AS(model.load_state_dict(mixed, {.strip_wrappers = true}), StateDictError);
  CHECK(to_string(model.load_state_dict(mixed, {.strip_prefix = "module."})) == all_matched);
}

TEST_CASE("versions go with their modules when keys change") {
  struct Net : nn::Module {
    nn::Child<nn::BatchNorm1d> bn{this, "bn", 2};
  } net;
  const StateDict saved = net.state_dict();
  for (const bool has_version : {true, false}) {
    CAPTURE(has_version);
    StateDict state;
    if (has_version) net.state_dict(state, "module.");
    if (!has_version) state = named(saved, "module.");
    state.pop("module.bn.num_batches_tracked");
    const auto load = [&](const nn::LoadOptions& options) { return net.load_state_dict(state, options); };
    for (const nn::LoadOptions& options :
         {nn::LoadOptions{.strip_wrappers = true}, nn::LoadOptions{.rename = {{"module.*", "*"}}}}) {
      if (has_version)
        CHECK_THROWS_WITH(load(options), Catch::Matchers::Contains("Missing key(s) in state_dict: \"bn.num_batches"));
      else
        CHECK(to_string(load(options)) == all_matched);
    }
  }
}

TEST_CASE("keys are renamed exactly and by pattern") {
  MyModel model, other;
  StateDict state;
  for (const auto& [key, value] : other.state_dict()) state.set("net." + key.substr(2), value);  // net.1.weight
  state.set("net.b2", state.pop("net.2.bias"));
  CHECK(to_string(model.load_state_dict(state, {.rename = {{"net.b2", "fc2.bias"}, {"net.*", "fc*"}}})) == all_matched);
  CHECK(values(model.fc2->bias) == values(other.fc2->bias));
  CHECK_THROWS_WITH(model.load_state_dict(state, {.rename = {{"nets.*", "fc*"}}}),
                    Catch::Matchers::Contains("rename: no key of the state dict matches 'nets.*'"));
  CHECK_THROWS_WITH(model.load_state_dict(state, {.rename = {{"net.*", "fc"}}}),
                    Catch::Matchers::Contains("as many \"*\" on one side as on the other"));
}

TEST_CASE("only what the patterns choose is loaded, and the rest is neither missing nor unexpected") {
  MyModel model, other;
  StateDict state = other.state_dict();
  state.pop("fc2.bias");
  state.set("head.weight", zeros({3}));
  const std::vector<float> before = values(model.fc2->weight);
  SECTION("only") {
    CHECK(to_string(model.load_state_dict(state, {.only = {"fc1.*"}})) == all_matched);
    CHECK(values(model.fc1->weight) == values(other.fc1->weight));
    CHECK(values(model.fc2->weight) == before);
  }
  SECTION("except") {
    CHECK(to_string(model.load_state_dict(state, {.except = {"*.bias", "head.*"}})) == all_matched);
    CHECK(values(model.fc2->weight) == values(other.fc2->weight));
  }
  SECTION("both") {
    CHECK(to_string(model.load_state_dict(state, {.only = {"fc?.*"}, .except = {"fc2.*"}})) == all_matched);
    CHECK(values(model.fc2->weight) == before);
  }
  SECTION("a pattern that no key matches is a mistake") {
    CHECK_THROWS_WITH(model.load_state_dict(state, {.only = {"fc3.*"}}),
                      "load_state_dict: no key of the module or the state dict matches \"fc3.*\"");
  }
}

TEST_CASE("hooks before loading bring an old layout up to date, in a dict of their own") {
  struct Net : nn::Module {
    nn::Child<MyModel> inner{this, "inner"};
  } net, other;
  net.inner->register_load_state_dict_pre_hook([&](nn::Module& module, const nn::LoadStateDictArguments& arguments) {
    CHECK(&module == &*net.inner);
    CHECK(arguments.prefix == "inner.");
    CHECK(arguments.strict);
    CHECK(arguments.local_metadata.at("version").as_int() == 1);
    CHECK_FALSE(arguments.state_dict.contains("other"));
    if (arguments.state_dict.contains("inner.old.weight"))
      arguments.state_dict.set("inner.fc1.weight", arguments.state_dict.pop("inner.old.weight"));
    arguments.state_dict.set("elsewhere", 1);
  });
  StateDict state = other.state_dict();
  state.set("inner.old.weight", state.pop("inner.fc1.weight"));
  CHECK(to_string(net.load_state_dict(state)) == all_matched);
  CHECK(values(net.inner->fc1->weight) == values(other.inner->fc1->weight));
  CHECK(state.contains("inner.old.weight"));

  auto handle =
      net.inner->register_load_state_dict_pre_hook([](nn::Module&, const nn::LoadStateDictArguments& arguments) {
        arguments.missing_keys.push_back("m");
        arguments.unexpected_keys.push_back("u");
        arguments.error_msgs.push_back("an error of the hook");
      });
  CHECK_THROWS_WITH(net.load_state_dict(state),
                    "Error(s) in loading state_dict for Net:\n\tMissing key(s) in state_dict: \"m\". \n\tUnexpected "
                    "key(s) in state_dict: \"u\". \n\tan error of the hook");
  handle.remove();
  CHECK_NOTHROW(net.load_state_dict(state));
}

TEST_CASE("hooks after matching run children first, may edit the lists, and say what is done after the load") {
  MyModel model, other;
  std::vector<std::string> order;
  const auto hook = [&](const char* name) {
    return [&order, name](nn::Module&, LoadPlan& plan) {
      order.push_back(name);
      plan.then([&order, name] { order.push_back(std::string("loaded ") + name); });
    };
  };
  model.register_load_state_dict_post_hook(hook("root"));
  model.fc2->register_load_state_dict_post_hook(hook("fc2"));
  model.fc1->register_load_state_dict_post_hook(hook("fc1"));
  const auto editing = model.register_load_state_dict_post_hook([&](nn::Module&, LoadPlan& plan) {
    CHECK(plan.report().missing_keys == std::vector<std::string>{"fc1.bias"});
    CHECK(plan.report().unexpected_keys == std::vector<std::string>{"zz"});
    CHECK(values(model.fc1->weight) != values(other.fc1->weight));
    plan.report().missing_keys.clear();
    plan.report().unexpected_keys.clear();
  });
  StateDict state = other.state_dict();
  state.set("zz", state.pop("fc1.bias"));
  CHECK(to_string(model.load_state_dict(state)) == all_matched);
  CHECK(order == std::vector<std::string>{"fc1", "fc2", "root", "loaded fc1", "loaded fc2", "loaded root"});
}
