// Every scheduler, as a table. The numbers and texts are PyTorch 2.15's.
#include <cairn/optim/lr_scheduler.h>

#include <functional>
#include <memory>

#include <cairn/core/state_dict.h>
#include <cairn/optim.h>

#include "catch.h"
#include "parameters.h"
#include "snapshot.h"

using namespace cairn;
using parameters::parameter;

namespace {

using Maker = std::function<std::unique_ptr<optim::LRScheduler>(optim::Optimizer&)>;

struct Row {
  const char* name;
  Maker make;
  std::vector<double> rates;  ///< Of the group that begins with 0.1, in epochs 0 to 4.
  const char* state;          ///< In epoch 4.
};

/// One group with rate 0.1, one with 1.
template <class Optimizer = optim::SGD, class Options = optim::SGDOptions>
Optimizer make_optimizer(const Options& options = {.lr = 0.1, .momentum = 0.9}) {
  std::vector<optim::ParameterGroup> groups(2);
  groups[0].parameters = std::vector{parameter({1})};
  groups[1] = {std::vector{parameter({2})}, {{"lr", 1}}};
  return Optimizer(std::move(groups), options);
}

template <class Scheduler, class... Arguments>
Maker maker(Arguments... arguments) {
  return [=](optim::Optimizer& optimizer) { return std::make_unique<Scheduler>(optimizer, arguments...); };
}

void step(optim::LRScheduler& scheduler) {
  if (auto* plateau = dynamic_cast<optim::ReduceLROnPlateau*>(&scheduler))
    plateau->step(1.0);
  else
    scheduler.step();
}

std::vector<Row> rows() {
  using namespace optim;
  using Milestones = std::vector<std::int64_t>;
  return {
      {"StepLR",
       maker<StepLR>(2, 0.5),
       {0.1, 0.1, 0.05, 0.05, 0.025},
       "{'step_size': 2, 'gamma': 0.5, 'base_lrs': [0.1, 1], 'last_epoch': 4, '_step_count': 5, '_is_initial': False, "
       "'_get_lr_called_within_step': False, '_last_lr': [0.025, 0.25]}"},
      {"MultiStepLR",
       maker<MultiStepLR>(Milestones{1, 3, 3}, 2),
       {0.1, 0.2, 0.2, 0.8, 0.8},
       "{'milestones': {1: 1, 3: 2}, 'gamma': 2, 'base_lrs': [0.1, 1], 'last_epoch': 4, '_step_count': 5, "
       "'_is_initial': False, '_get_lr_called_within_step': False, '_last_lr': [0.8, 8]}"},
      {"ExponentialLR",
       maker<ExponentialLR>(0.9),
       {0.1, 0.09000000000000001, 0.08100000000000002, 0.07290000000000002, 0.06561000000000002},
       "{'gamma': 0.9, 'base_lrs': [0.1, 1], 'last_epoch': 4, '_step_count': 5, '_is_initial': False, "
       "'_get_lr_called_within_step': False, '_last_lr': [0.06561000000000002, 0.6561000000000001]}"},
      {"CosineAnnealingLR",
       maker<CosineAnnealingLR>(2, 0.01),
       {0.1, 0.05500000000000001, 0.01, 0.055, 0.1},
       "{'T_max': 2, 'eta_min': 0.01, 'base_lrs': [0.1, 1], 'last_epoch': 4, '_step_count': 5, '_is_initial': False, "
       "'_get_lr_called_within_step': False, '_last_lr': [0.1, 1.0]}"},
      {"LinearLR",
       maker<LinearLR>(LinearLROptions{.start_factor = 0.5, .total_iters = 2}),
       {0.05, 0.07500000000000001, 0.1, 0.1, 0.1},
       "{'start_factor': 0.5, 'end_factor': 1.0, 'total_iters': 2, 'base_lrs': [0.1, 1], 'last_epoch': 4, "
       "'_step_count': 5, '_is_initial': False, '_get_lr_called_within_step': False, '_last_lr': [0.1, 1.0]}"},
      {"LambdaLR",
       maker<LambdaLR>([](std::int64_t epoch) { return 1 / (1.0 + static_cast<double>(epoch)); }),
       {0.1, 0.05, 0.03333333333333333, 0.025, 0.020000000000000004},
       "{'base_lrs': [0.1, 1], 'last_epoch': 4, '_step_count': 5, '_is_initial': False, '_get_lr_called_within_step': "
       "False, '_last_lr': [0.020000000000000004, 0.2], 'lr_lambdas': [None, None]}"},
      {"OneCycleLR",
       maker<OneCycleLR>(PerGroup{1, 0.5}, OneCycleLROptions{.total_steps = 6}),
       {0.040000000000000036, 0.9944154354509117, 0.811745653949763, 0.46263710266697505, 0.1334775301888306},
       "{'total_steps': 6, '_schedule_phases': [{'end_step': 0.7999999999999998, 'start_lr': 'initial_lr', 'end_lr': "
       "'max_lr', 'start_momentum': 'max_momentum', 'end_momentum': 'base_momentum'}, {'end_step': 5, 'start_lr': "
       "'max_lr', 'end_lr': 'min_lr', 'start_momentum': 'base_momentum', 'end_momentum': 'max_momentum'}], "
       "'_anneal_func_type': 'cos', 'cycle_momentum': True, 'use_beta1': False, 'base_lrs': [0.04, 0.02], "
       "'last_epoch': 4, '_step_count': 5, '_is_initial': False, '_get_lr_called_within_step': False, '_last_lr': "
       "[0.1334775301888306, 0.0667387650944153]}"},
      {"ReduceLROnPlateau",
       maker<ReduceLROnPlateau>(ReduceLROnPlateauOptions{.patience = 0}),
       {0.1, 0.1, 0.010000000000000002, 0.0010000000000000002, 0.00010000000000000003},
       "{'factor': 0.1, 'default_min_lr': 0, 'min_lrs': [0, 0], 'patience': 0, 'cooldown': 0, 'eps': 1e-08, "
       "'last_epoch': 4, '_last_lr': [0.00010000000000000003, 0.0010000000000000002], 'mode_worse': inf, 'mode': "
       "'min', 'threshold': 0.0001, 'threshold_mode': 'rel', 'best': 1.0, 'cooldown_counter': 0, 'num_bad_epochs': "
       "0}"},
  };
}

std::string message_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const StateDictError& error) {
    return error.message();
  }
  return "no StateDictError was thrown";
}

}  // namespace

TEST_CASE("every scheduler goes PyTorch's way, to the last bit, and saves PyTorch's state") {
  for (const Row& row : rows()) {
    CAPTURE(row.name);
    optim::SGD sgd = make_optimizer();
    const auto scheduler = row.make(sgd);
    CHECK(scheduler->name() == row.name);
    for (std::size_t epoch = 0; epoch < row.rates.size(); ++epoch) {
      CAPTURE(epoch);
      CHECK(scheduler->last_epoch() == static_cast<std::int64_t>(epoch));
      CHECK(sgd.option(0, "lr").as_float() == row.rates[epoch]);
      CHECK(scheduler->get_last_lr() == std::vector{row.rates[epoch], sgd.option(1, "lr").as_float()});
      if (epoch + 1 < row.rates.size()) step(*scheduler);
    }
    CHECK(to_string(scheduler->state_dict()) == row.state);
  }
}

TEST_CASE("every scheduler goes on after a resume as if nothing had happened") {
  for (const Row& row : rows()) {
    for (int saved_after = 0; saved_after < 4; ++saved_after) {
      CAPTURE(row.name, saved_after);
      optim::SGD unbroken_sgd = make_optimizer(), resumed_sgd = make_optimizer();
      const auto unbroken = row.make(unbroken_sgd), resumed = row.make(resumed_sgd);
      for (int i = 0; i < saved_after; ++i) step(*unbroken);
      const Value optimizer_state = snapshot(unbroken_sgd.state_dict()), state = snapshot(unbroken->state_dict());
      step(*resumed);
      LoadPlan plan = resumed_sgd.plan_load(optimizer_state);
      plan.append(resumed->plan_load(state));
      plan.commit();
      CHECK(to_string(resumed->state_dict()) == to_string(state));
      for (int i = saved_after; i < 5; ++i) {
        step(*unbroken);
        step(*resumed);
      }
      CHECK(to_string(resumed->state_dict()) == to_string(unbroken->state_dict()));
      CHECK(to_string(resumed_sgd.state_dict()) == to_string(unbroken_sgd.state_dict()));
    }
  }
}

TEST_CASE("a state that does not fit is refused with everything that is wrong, and nothing changes") {
  for (const Row& row : rows()) {
    CAPTURE(row.name);
    optim::SGD sgd = make_optimizer();
    const auto scheduler = row.make(sgd);
    step(*scheduler);
    const Value before = snapshot(scheduler->state_dict());
    for (const Row& other : rows()) {
      if (std::string_view(other.name) == row.name) continue;
      CAPTURE(other.name);
      optim::SGD other_sgd = make_optimizer();
      CHECK_THROWS_AS(scheduler->load_state_dict(other.make(other_sgd)->state_dict()), StateDictError);
    }
    Value wrong = snapshot(before);
    wrong.as_dict().set("last_epoch", "three");
    wrong.as_dict().set("_last_lr", List{0.1});
    wrong.as_dict().set("step_sise", 3);
    const std::string message = message_of([&] { scheduler->load_state_dict(wrong); });
    CHECK_THAT(message, Catch::Matchers::StartsWith(text("Error(s) in loading state_dict for ", row.name, ":\n\t")));
    CHECK_THAT(message, Catch::Matchers::Contains("'last_epoch' is 'three', expected something like 1"));
    CHECK_THAT(message,
               Catch::Matchers::Contains("'_last_lr' has 1 entries, but the optimizer has 2 parameter groups"));
    CHECK_THAT(message, Catch::Matchers::Contains(text(row.name, " has no field 'step_sise'")));
    wrong = snapshot(before);
    wrong.as_dict().erase("last_epoch");
    CHECK_THAT(message_of([&] { scheduler->load_state_dict(wrong); }),
               Catch::Matchers::Contains("there is no 'last_epoch'"));
    wrong.as_dict().set("last_epoch", 1.5);
    CHECK_THROWS_AS(scheduler->load_state_dict(wrong), StateDictError);
    for (const auto& [key, value] : before.as_dict()) {  // no field may be something else altogether
      if (key == Key("default_min_lr")) continue;
      CAPTURE(key.text());
      Value other = snapshot(before);
      other.as_dict().set(key, value.is(Value::Kind::text) ? Value(3) : Value("text"));
      CHECK_THROWS_AS(scheduler->load_state_dict(other), StateDictError);
      other.as_dict().set(key, Value());
      CHECK_THROWS_AS(scheduler->load_state_dict(other), StateDictError);
    }
    CHECK_THROWS_AS(scheduler->load_state_dict(Value(5)), TypeError);
    CHECK(to_string(scheduler->state_dict()) == to_string(before));
    CHECK_NOTHROW(scheduler->load_state_dict(before));
  }
}

TEST_CASE("fields are replaced by what was saved, those of other versions of PyTorch passed over") {
  optim::SGD sgd = make_optimizer();
  optim::StepLR scheduler(sgd, 2, 0.5);
  Value saved = scheduler.state_dict();
  saved["step_size"] = 1;
  saved["gamma"] = 2;
  saved.as_dict().set("verbose", false);
  saved.as_dict().erase("_is_initial");
  scheduler.load_state_dict(saved);
  scheduler.step();
  CHECK(sgd.option(0, "lr").as_float() == 0.2);
  saved["step_size"] = 0;
  CHECK(message_of([&] { scheduler.load_state_dict(saved); }) ==
        "Error(s) in loading state_dict for StepLR:\n\tstep_size is 0, expected a whole number of at least 1");
}

TEST_CASE("schedulers of one optimizer multiply, and a rate that is set by hand is gone on from") {
  optim::SGD sgd = make_optimizer();
  optim::LinearLR warm_up(sgd, {.start_factor = 0.5, .total_iters = 2});
  optim::ExponentialLR decay(sgd, 0.9);
  for (const double expected : {0.06750000000000002, 0.08100000000000003, 0.07290000000000003}) {
    warm_up.step();
    decay.step();
    CHECK(sgd.option(0, "lr").as_float() == expected);
  }
  sgd.set_option(0, "lr", 10);
  decay.step();
  CHECK(sgd.option(0, "lr").as_float() == 9);
  CHECK(to_string(sgd.param_group(0)).ends_with("'initial_lr': 0.1, 'params': [0]}"));
}

TEST_CASE("whole numbers stay whole as in Python") {
  optim::SGD sgd = make_optimizer();
  optim::StepLR scheduler(sgd, 1, 3);
  scheduler.step();
  scheduler.step();
  CHECK(to_string(sgd.option(1, "lr")) == "9");
  CHECK(to_string(scheduler.state_dict()["base_lrs"]) == "[0.1, 1]");
}

TEST_CASE("a step uses the rate that its scheduler has set") {
  optim::SGD sgd({parameter({1})}, {.lr = 0.5});
  optim::ExponentialLR scheduler(sgd, 0.5);
  scheduler.step();
  parameters::set_grads(sgd, 1);
  sgd.step();
  CHECK(parameters::values(sgd.parameters()[0])[0] == 0.75f);
}

TEST_CASE("a new scheduler goes on from an epoch if the groups say what they began with") {
  optim::SGD sgd = make_optimizer();
  CHECK_THROWS_AS(optim::StepLR(sgd, 3, 0.1, 4), KeyError);
  CHECK_THROWS_WITH(optim::StepLR(sgd, 3, 0.1, 4),
                    Catch::Matchers::StartsWith("param 'initial_lr' is not specified in param_groups[0] when resuming "
                                                "scheduler with last_epoch >= 0.\n"));
  for (const std::size_t group : {0, 1}) sgd.set_option(group, "initial_lr", 0.8);
  const optim::CosineAnnealingLR scheduler(sgd, 10, 0.0, 4);
  CHECK(scheduler.last_epoch() == 5);
  CHECK(to_string(scheduler.state_dict()["base_lrs"]) == "[0.8, 0.8]");
}

TEST_CASE("arguments that make no sense are refused with PyTorch's texts, and the groups stay as they are") {
  optim::SGD sgd = make_optimizer();
  const std::string before = to_string(sgd.state_dict());
  const auto linear = [&](const optim::LinearLROptions& options) { optim::LinearLR scheduler(sgd, options); };
  CHECK_THROWS_WITH(linear({.start_factor = 0}),
                    "Starting multiplicative factor expected to be greater than 0 and less or equal to 1.");
  CHECK_THROWS_WITH(linear({.end_factor = 1.5}), "Ending multiplicative factor expected to be between 0 and 1.");
  CHECK_THROWS_WITH(optim::LambdaLR(sgd, std::vector<optim::LambdaLR::Function>(3)),
                    "Expected 2 lr_lambdas, but got 3");
  const auto cycle = [&](const optim::PerGroup& max_lr, const optim::OneCycleLROptions& options) {
    optim::OneCycleLR scheduler(sgd, max_lr, options);
  };
  CHECK_THROWS_WITH(cycle(1, {}), "You must define either total_steps OR (epochs AND steps_per_epoch)");
  CHECK_THROWS_WITH(cycle(1, {.total_steps = 0}), "Expected positive integer total_steps, but got 0");
  CHECK_THROWS_WITH(cycle(1, {.epochs = -1, .steps_per_epoch = 2}), "Expected positive integer epochs, but got -1");
  CHECK_THROWS_WITH(cycle(1, {.epochs = 1, .steps_per_epoch = 0}),
                    "Expected positive integer steps_per_epoch, but got 0");
  CHECK_THROWS_WITH(cycle(1, {.total_steps = 9, .pct_start = 1.5}),
                    "Expected float between 0 and 1 pct_start, but got 1.5");
  CHECK_THROWS_WITH(cycle(1, {.total_steps = 9, .anneal_strategy = "tan"}),
                    "anneal_strategy must be one of 'cos' or 'linear', instead got tan");
  CHECK_THROWS_AS(optim::LambdaLR(sgd, optim::LambdaLR::Function()), ValueError);
  CHECK_THROWS_WITH(cycle({0.1, 0.2, 0.3}, {.total_steps = 9}),
                    "max_lr must have the same length as optimizer.param_groups. max_lr has 3 values, param_groups has "
                    "2.");
  CHECK_THROWS_AS(cycle(1, {.total_steps = 10, .pct_start = 0.1}), ValueError);
  const auto plateau = [&](const optim::ReduceLROnPlateauOptions& options) {
    optim::ReduceLROnPlateau scheduler(sgd, options);
  };
  CHECK_THROWS_WITH(plateau({.mode = "mean"}), "mode mean is unknown!");
  CHECK_THROWS_WITH(plateau({.factor = 1}), "Factor should be < 1.0.");
  CHECK_THROWS_WITH(plateau({.threshold_mode = "mean"}), "threshold mode mean is unknown!");
  CHECK_THROWS_WITH(plateau({.min_lr = {0.1}}), "expected 2 min_lrs, got 1");
  CHECK_THROWS_AS(optim::StepLR(sgd, 0), ValueError);
  CHECK_THROWS_AS(optim::CosineAnnealingLR(sgd, 0), ValueError);
  CHECK(to_string(sgd.state_dict()) == before);
  CHECK_NOTHROW(cycle(1, {.total_steps = 9, .cycle_momentum = false, .base_momentum = {0.1, 0.2, 0.3}}));
  optim::Adagrad adagrad({parameter({1})});
  CHECK_THROWS_WITH(optim::OneCycleLR(adagrad, 1, {.total_steps = 9}),
                    "optimizer must support momentum or beta1 with `cycle_momentum` option enabled");
}

TEST_CASE("a group that is added later has a rate of its own where base rates are not asked for") {
  optim::SGD sgd = make_optimizer();
  optim::ExponentialLR decay(sgd, 0.5);
  optim::CosineAnnealingLR cosine(sgd, 1);
  sgd.add_param_group({std::vector{parameter({3})}, {{"lr", 8}}});
  decay.step();
  CHECK(sgd.option(2, "lr").as_float() == 4);
  cosine.step();
  const std::string before = to_string(sgd.state_dict());
  CHECK_THROWS_WITH(cosine.step(),
                    Catch::Matchers::StartsWith("CosineAnnealingLR: the optimizer has 3 parameter groups, "
                                                "and had 2 when the scheduler was made"));
  CHECK(cosine.last_epoch() == 1);
  CHECK(to_string(sgd.state_dict()) == before);
}

TEST_CASE("OneCycleLR moves the momentum the other way: SGD's, or the first of Adam's betas") {
  optim::SGD sgd = make_optimizer();
  optim::Adam adam({parameter({1})});
  optim::OneCycleLR of_sgd(sgd, 1, {.total_steps = 11, .pct_start = 0.6}),
      of_adam(adam, 1, {.total_steps = 11, .pct_start = 0.6, .anneal_strategy = "linear"});
  CHECK(sgd.option(0, "momentum").as_float() == 0.95);
  CHECK(to_string(adam.option(0, "betas")) == "(0.95, 0.999)");
  double before = 1;
  for (int i = 0; i < 5; ++i) {
    of_sgd.step();
    of_adam.step();
    CHECK(sgd.option(0, "momentum").as_float() < before);
    before = sgd.option(0, "momentum").as_float();
    CHECK(adam.option(0, "betas").items()[0].as_float() < 0.95);
  }
  CHECK(to_string(of_adam.state_dict()["use_beta1"]) == "True");
  optim::SGD still = make_optimizer();
  const optim::OneCycleLR without(still, 1, {.total_steps = 11, .cycle_momentum = false});
  CHECK(still.option(0, "momentum").as_float() == 0.9);
  CHECK_FALSE(without.state_dict().contains("use_beta1"));
}

TEST_CASE("a rate can be set beside a momentum that only a scheduler may choose") {
  optim::Adam adam({parameter({1})}, {});
  optim::OneCycleLR scheduler(adam, 1, {.total_steps = 10, .max_momentum = 1});
  REQUIRE(to_string(adam.option(0, "betas")) == "(1.0, 0.999)");
  adam.set_option(0, "lr", 0.5);
  CHECK(adam.option(0, "lr").as_float() == 0.5);
}

TEST_CASE("OneCycleLR ends with its last step, and what its line leaves below 0 can be saved and loaded") {
  optim::SGD sgd = make_optimizer();
  optim::OneCycleLR scheduler(sgd, 1, {.total_steps = 10, .anneal_strategy = "linear"});
  for (int i = 0; i < 10; ++i) scheduler.step();
  CHECK(sgd.option(0, "lr").as_float() < 0);
  const std::string before = to_string(sgd.state_dict()) + to_string(scheduler.state_dict());
  CHECK_THROWS_WITH(scheduler.step(), "Tried to step 11 times. The specified number of total steps is 10");
  CHECK(to_string(sgd.state_dict()) + to_string(scheduler.state_dict()) == before);
  optim::SGD other = make_optimizer();
  other.load_state_dict(sgd.state_dict());
  CHECK(to_string(other.state_dict()) == to_string(sgd.state_dict()));
}

TEST_CASE("ReduceLROnPlateau waits for patience and cooldown, and stops at min_lr") {
  optim::SGD sgd({parameter({1})}, {.lr = 1.0});
  optim::ReduceLROnPlateau scheduler(sgd, {.mode = "max",
                                           .factor = 0.5,
                                           .patience = 1,
                                           .threshold = 0.1,
                                           .threshold_mode = "abs",
                                           .cooldown = 1,
                                           .min_lr = 0.3});
  const std::vector<std::pair<double, double>> course = {{1, 1},      {1.05, 1},  {1.05, 0.5}, {1.05, 0.5},
                                                         {1.05, 0.5}, {1.2, 0.5}, {1.2, 0.5},  {1.2, 0.3}};
  for (const auto& [measured, expected] : course) {
    scheduler.step(measured);
    CHECK(sgd.option(0, "lr").as_float() == expected);
  }
  CHECK(scheduler.state_dict()["best"].as_float() == 1.2);
  optim::LRScheduler& any = scheduler;
  CHECK_THROWS_WITH(any.step(), "ReduceLROnPlateau.step() missing 1 required positional argument: 'metrics'");
}
