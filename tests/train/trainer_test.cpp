#include <cairn/train/trainer.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <cairn/core/autograd.h>
#include <cairn/core/parallel.h>
#include <cairn/optim/adam.h>
#include <cairn/optim/cosine_annealing_lr.h>
#include <cairn/optim/reduce_lr_on_plateau.h>
#include <cairn/optim/sgd.h>
#include <cairn/train/drawn_digits.h>
#include <cairn/train/models.h>

#include "catch.h"
#include "devices.h"
#include "temporary_folder.h"

using namespace cairn;
using Catch::Matchers::Contains;

namespace {

struct Killed {};

/// A model that answers what it was told to, to test what counts right answers.
struct Oracle : nn::Module {
  bool was_evaluating = false;
  Tensor forward(const Tensor& x) override {
    was_evaluating = !training && !is_grad_enabled();
    return x;
  }
};

struct Run {
  train::Split data = train::split(train::drawn_digits(160, {.size = 6, .seed = 1}), 100);
  Generator generator;
  train::MLP model;
  optim::Adam optimizer;
  optim::CosineAnnealingLR scheduler{optimizer, 21};
  train::DataLoader loader;
  train::Trainer trainer;

  Run(std::uint64_t seed, const train::TrainerOptions& options, Device device = {})
      : generator(seed),
        model({.inputs = 36, .hidden = 12, .generator = generator}),
        optimizer(model.to(device).named_parameters(), {.lr = 0.01}),
        loader(data.train, {.batch_size = 16, .shuffle = true, .device = device, .generator = generator}),
        trainer(model, optimizer, loader, data.test, with_scheduler(options)) {}

  train::TrainerOptions with_scheduler(train::TrainerOptions options) {
    options.scheduler = &scheduler;
    return options;
  }
};

/// Trains until it is killed after so many steps.
void train_and_die(std::uint64_t seed, train::TrainerOptions options, int steps, Device device) {
  options.on_step = [&](const train::StepReport&) {
    if (--steps == 0) throw Killed();
  };
  Run run(seed, options, device);
  CHECK_THROWS_AS(run.trainer.run(3), Killed);
}

}  // namespace

TEST_CASE("accuracy is the share of right answers, asked in evaluation mode") {
  Oracle oracle;
  const Tensor answers = from_data<float>(std::vector<float>{1, 0, 0, 1, 1, 0, 0, 1, 0, 1}, {5, 2});
  const train::TensorDataset dataset(answers, tensor<std::int64_t>({0, 1, 0, 0, 1}));
  CHECK(train::accuracy(oracle, dataset, {}, 2) == 4.0 / 5);
  CHECK(oracle.was_evaluating);
  CHECK(oracle.training);
  oracle.eval();
  CHECK(train::accuracy(oracle, dataset) == 4.0 / 5);
  CHECK_FALSE(oracle.training);
  CHECK(train::accuracy(oracle, train::TensorDataset()) == 0);
}

TEST_CASE("accuracy leaves every module in the mode it was in, also on an error") {
  train::MLP model({.inputs = 4, .hidden = 3, .classes = 2});
  model.fc1->eval();  // as one that is not to be trained
  const auto modes = [&] { return std::vector<bool>{model.training, model.fc1->training, model.fc2->training}; };
  const std::vector<bool> before = {true, false, true};
  CHECK(modes() == before);
  train::accuracy(model, train::TensorDataset(zeros({3, 4}), arange(3)));
  CHECK(modes() == before);
  CHECK_THROWS_AS(train::accuracy(model, train::TensorDataset(zeros({3, 5}), arange(3))), Error);
  CHECK(modes() == before);
}

TEST_CASE("training reports every step and every epoch, and learns") {
  std::vector<std::int64_t> steps;
  std::vector<train::EpochReport> epochs;
  train::TrainerOptions options;
  options.on_step = [&](const train::StepReport& step) {
    CHECK(step.steps == 7);
    steps.push_back(step.epoch * 100 + step.step);
  };
  options.on_epoch = [&](const train::EpochReport& epoch) { epochs.push_back(epoch); };
  Run run(0, options);
  run.trainer.run(2);
  CHECK(steps == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 101, 102, 103, 104, 105, 106, 107});
  REQUIRE(epochs.size() == 2);
  CHECK(epochs[1].epoch == 2);
  CHECK(epochs[1].train_loss < epochs[0].train_loss);
  run.trainer.run(2);
  CHECK(run.trainer.history().size() == 2);
  run.trainer.run(15);
  CHECK(run.trainer.history().back().test_accuracy > 0.3);  // a guess is right in 0.1
  CHECK(run.model.training);
}

TEST_CASE("stopped after any step and resumed, a run ends with the same file, with any number of threads") {
  TemporaryFolder folder;
  const int threads = GENERATE(1, 2);
  const int save_every = GENERATE(0, 3);
  const bool scheduler_by_step = GENERATE(false, true);
  ThreadPool pool(threads);
  const UseExecutor use(pool);
  const std::string unbroken = folder.file("unbroken"), broken = folder.file("broken");
  Run whole(0, {.save = unbroken, .scheduler_by_step = scheduler_by_step});
  whole.trainer.run(3);
  CHECK(whole.scheduler.last_epoch() == (scheduler_by_step ? 21 : 3));

  const int stop_after = GENERATE(8, 10, 13, 14, 15, 20, 21);  // 7 steps an epoch; the file of the first epoch is there
  CAPTURE(threads, save_every, scheduler_by_step, stop_after);
  train::TrainerOptions options = {.save = broken, .save_every = save_every, .scheduler_by_step = scheduler_by_step};
  train_and_die(0, options, stop_after, {});
  Run second(77, options);
  second.trainer.checkpoint().resume(broken);
  second.trainer.run(3);
  CHECK(read_file(broken) == read_file(unbroken));
  CHECK(second.trainer.history().size() == 3);
  CHECK(second.trainer.history()[0].train_loss == whole.trainer.history()[0].train_loss);
}

TEST_CASE("the number of threads does not change the result") {
  TemporaryFolder folder;
  for (const int threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    const UseExecutor use(pool);
    Run run(0, {.save = folder.file(std::to_string(threads))});
    run.trainer.run(2);
  }
  CHECK(read_file(folder.file("1")) == read_file(folder.file("2")));
  CHECK(read_file(folder.file("1")) == read_file(folder.file("3")));
}

TEST_CASE("a run on a device goes as one on the CPU", "[device]") {
  Run cpu(0, {});
  cpu.trainer.run(2);
  for (const Device device : devices()) {
    CAPTURE(device);
    Run there(0, {}, device);
    there.trainer.run(2);
    const bool same = device.type() == Device::Type::sim;  // else exp and matrix products differ in the last places
    for (std::size_t epoch = 0; epoch < 2; ++epoch) {
      const train::EpochReport &found = there.trainer.history()[epoch], &expected = cpu.trainer.history()[epoch];
      CHECK(found.train_loss == Approx(expected.train_loss).epsilon(same ? 0 : 1e-3));
      CHECK(found.test_accuracy == Approx(expected.test_accuracy).margin(same ? 0 : 0.04));
    }
    CHECK(train::accuracy(there.model, there.data.test, device) == there.trainer.history()[1].test_accuracy);
  }
}

TEST_CASE("stopped on a device and resumed there, a run ends with the same file", "[device]") {
  TemporaryFolder folder;
  const Device device = GENERATE(from_range(devices()));
  const int stop_after = GENERATE(8, 14, 20);
  CAPTURE(device, stop_after);
  const std::string unbroken = folder.file("unbroken"), broken = folder.file("broken");
  Run whole(0, {.save = unbroken}, device);
  whole.trainer.run(3);
  train_and_die(0, {.save = broken, .save_every = 3}, stop_after, device);
  Run second(77, {.save = broken, .save_every = 3}, device);
  second.trainer.checkpoint().resume(broken);
  second.trainer.run(3);
  CHECK(read_file(broken) == read_file(unbroken));
}

TEST_CASE("stopped on one device, a run goes on on another where it was", "[device]") {
  TemporaryFolder folder;
  const std::string file = folder.file("run");
  for (const Device from : everywhere()) {
    for (const Device to : everywhere()) {
      if (from == to) continue;
      CAPTURE(from, to);
      train_and_die(0, {.save = file, .save_every = 3}, 10, from);
      Run whole(0, {}, to), resumed(77, {}, to);
      whole.trainer.run(3);
      resumed.trainer.checkpoint().resume(file);
      CHECK(resumed.loader.epoch() == 1);
      CHECK(resumed.loader.step() == 3);
      CHECK(resumed.model.fc1->weight.device() == to);
      resumed.trainer.run(3);
      REQUIRE(resumed.trainer.history().size() == 3);
      CHECK(resumed.trainer.history()[2].train_loss == Approx(whole.trainer.history()[2].train_loss).epsilon(1e-3));
    }
  }
}

TEST_CASE("a trainer's own state is checked before it is taken") {
  Run run(0, {});
  CHECK_THROWS_AS(run.trainer.plan_load({{"loss_sum", "text"}, {"examples", 0}, {"history", List{}}}), TypeError);
  CHECK_THROWS_AS(run.trainer.plan_load({{"loss_sum", 0.0}}), KeyError);
  CHECK_THROWS_AS(Run(0, {.save_every = -1}), ValueError);
}

TEST_CASE("a scheduler that goes by a measure is refused before the first step") {
  Run run(0, {});
  optim::ReduceLROnPlateau plateau(run.optimizer);
  CHECK_THROWS_WITH(train::Trainer(run.model, run.optimizer, run.loader, run.data.test, {.scheduler = &plateau}),
                    Contains("ReduceLROnPlateau") && Contains("on_epoch"));
}
