// Resuming is all or nothing: whatever goes wrong on the way, model, optimizer, scheduler, generator, loader and values
// are what they were, to the byte, and go on as if nobody had tried.
#include <cairn/train/checkpoint.h>

#include <functional>
#include <span>
#include <string>
#include <vector>

#include <cairn/io/load.h>
#include <cairn/optim/sgd.h>
#include <cairn/optim/step_lr.h>

#include "catch.h"
#include "whole_run.h"

using namespace cairn;
using Catch::Matchers::Contains;

namespace {

/// A run in the middle of an epoch, with batches being made, and the file of another that is further.
struct Attempt {
  WholeRun run{1, {.model = "cnn"}}, other{2, {.model = "cnn"}};
  std::string before, file;

  Attempt() {
    run.run_to(7);
    other.run_to(13);
    before = run.bytes();
    file = other.bytes();
  }

  std::span<const std::byte> stored() const { return std::as_bytes(std::span(file)); }
  bool unchanged() const { return run.bytes() == before; }

  /// Into the next epoch, as a run that nobody touched.
  bool goes_on() {
    WholeRun untouched(1, {.model = "cnn"});
    untouched.run_to(12);
    run.run_to(12);
    return run.bytes() == untouched.bytes();
  }
};

struct Fault {
  std::string what;
  std::function<void(Value& state)> make;
  std::string text;
};

std::vector<Fault> faults() {
  const Tensor nothing = zeros({7}, {.dtype = DType::uint8});
  std::vector<Fault> all = {
      {"a weight of another shape",
       [](Value& state) {
         state["model"].as_state_dict().set("conv3.weight", zeros({8, 4, 3, 2}));
       },
       "size mismatch for conv3.weight"},
      {"a weight that is missing",
       [](Value& state) {
         StateDict rest;
         for (const auto& [key, value] : state["model"].as_state_dict())
           if (key != "fc.bias") rest.set(key, value);
         state["model"] = rest;
       },
       "Missing key(s) in state_dict: \"fc.bias\""},
      {"a weight too many", [](Value& state) { state["model"].as_state_dict().set("fc2.bias", zeros({3})); },
       "Unexpected key(s) in state_dict: \"fc2.bias\""},
      {"the state of another optimizer",
       [](Value& state) {
         nn::Linear model(2, 2);
         state["optimizer"] = optim::SGD(model.named_parameters(), {.lr = 0.1}).state_dict();
       },
       "parameter group"},
      {"options of another optimizer",
       [](Value& state) { state["optimizer"]["param_groups"][0].as_dict().set("momentum", 0.9); }, "momentum"},
      {"an average of another shape",
       [](Value& state) {
         state["optimizer"]["state"][0].as_dict().set("exp_avg", zeros({2, 1, 3, 2}));
       },
       "exp_avg"},
      {"the state of another scheduler",
       [](Value& state) {
         nn::Linear model(2, 2);
         optim::SGD sgd(model.parameters(), {.lr = 0.1});
         state["scheduler"] = optim::StepLR(sgd, 3).state_dict();
       },
       "OneCycleLR has no field 'step_size'"},
      {"a scheduler that lacks a field", [](Value& state) { state["scheduler"].as_dict().erase("total_steps"); },
       "there is no 'total_steps'"},
      {"a generator's state of another size", [=](Value& state) { state["generator"] = nothing; },
       "found the input RNG state size to be 7"},
      {"a generator's state that cannot be",
       [](Value& state) { state["generator"] = zeros({Generator::state_size}, {.dtype = DType::uint8}); },
       "Invalid mt19937 state"},
      {"other batches", [](Value& state) { state["data"]["batch_size"] = 9; }, "batch_size is 8 here, but 9"},
      {"a position behind the end", [](Value& state) { state["data"]["step"] = 6; }, "step 6, but an epoch has 5"},
      {"an order that cannot be drawn", [=](Value& state) { state["data"]["order"] = nothing; }, "RNG state size"},
      {"a loader's generator that cannot be", [=](Value& state) { state["data"]["generator"] = nothing; },
       "RNG state size"},
      {"a count that is no number", [](Value& state) { state["cairn"]["steps"] = "many"; }, "many"},
      {"a later layout", [](Value& state) { state["cairn"]["layout"] = 99; }, "layout 99"},
  };
  for (const std::string part : {"model", "optimizer", "scheduler", "generator", "data"}) {
    all.push_back(
        {part + " missing", [part](Value& state) { state.as_dict().erase(part); }, "there is no '" + part + "'"});
  }
  return all;
}

}  // namespace

TEST_CASE("a saved run that does not fit in any one part changes none") {
  Attempt attempt;
  for (const Fault& fault : faults()) {
    CAPTURE(fault.what);
    Value state = io::open_memory(attempt.stored());
    fault.make(state);
    CHECK_THROWS_WITH(attempt.run.resume(state), Contains(fault.text));
    CHECK(attempt.unchanged());
  }
  CHECK(attempt.goes_on());
}

TEST_CASE("a file that is damaged or cut short anywhere changes nothing") {
  Attempt attempt;
  const std::string whole = attempt.file;
  constexpr std::size_t places = 150;
  for (std::size_t place = 0; place < places; ++place) {
    const std::size_t at = whole.size() * place / places;
    for (const bool cut : {false, true}) {
      if (!cut && whole[at] == 0) continue;  // may be padding, which nothing is read from
      CAPTURE(at, cut);
      attempt.file = whole;
      if (cut)
        attempt.file.resize(at);
      else
        attempt.file[at] ^= 4;
      CHECK_THROWS_AS(attempt.run.resume(io::open_memory(attempt.stored())), FormatError);
      CHECK(attempt.unchanged());
    }
  }
  CHECK(attempt.goes_on());
}

TEST_CASE("a disk that fails in the middle changes nothing") {
  Attempt attempt;
  std::size_t limit = 0, done = 0;
  const auto read = [&](std::uint64_t offset, std::span<std::byte> to) {
    check<IoError>((done += to.size()) <= limit, "the disk is gone");
    std::ranges::copy(attempt.stored().subspan(offset, to.size()), to.begin());
  };
  const auto resume = [&] {
    done = 0;
    attempt.run.resume(io::open(io::function_source(attempt.file.size(), read)));
  };
  for (; limit < 4 * attempt.file.size() / 5; limit += 300) {
    CAPTURE(limit);
    CHECK_THROWS_WITH(resume(), Contains("the disk is gone"));
    CHECK(attempt.unchanged());
  }
  CHECK(attempt.goes_on());
  limit = 2 * attempt.file.size();
  resume();
  CHECK((attempt.run.bytes() == attempt.file));
  CHECK(done >= 4 * attempt.file.size() / 5);  // it would have failed up to the last number
}

TEST_CASE("a resume that is cancelled at any point changes nothing") {
  Attempt attempt;
  int calls = 0;
  for (int allowed = 0;; ++allowed) {
    CAPTURE(allowed);
    calls = 0;
    const Value state = io::open_memory(attempt.stored());
    LoadPlan plan = attempt.run.checkpoint.plan_load(state);
    try {
      plan.commit({.progress = [&](std::uint64_t, std::uint64_t) { return ++calls <= allowed; }});
      break;
    } catch (const Cancelled&) {
      CHECK(attempt.unchanged());
    }
  }
  CHECK(calls >= 2);  // what is verified, and what is read: neighbours in a file are one piece of work
  CHECK((attempt.run.bytes() == attempt.file));
}
