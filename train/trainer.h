// The loop: epochs of steps, a test after each, and a checkpoint that the run can be resumed from at any step.
//
//   for each epoch:  for each batch:  zero_grad, forward, loss, backward, step   [scheduler, save every n steps]
//                    accuracy on the test data, [scheduler], save
//
//   Trainer trainer(model, optimizer, loader, test, {.save = "run.cairn"});
//   trainer.checkpoint().resume("run.cairn");    // if there is one
//   trainer.run(5);                              // until five epochs are complete, those before included
//
// What the loop itself must remember (the sums of an epoch that is under way, the epochs done) is part of the
// checkpoint, so a resumed run also reports the same numbers. The generator of a model with dropout is, too, if it is
// the one that the loader shuffles with; another one is added: trainer.checkpoint().add("generator", generator).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <cairn/core/stateful.h>
#include <cairn/nn/module.h>
#include <cairn/optim/lr_scheduler.h>
#include <cairn/optim/optimizer.h>
#include <cairn/train/checkpoint.h>
#include <cairn/train/data_loader.h>
#include <cairn/train/dataset.h>

namespace cairn::train {

/// One step, just done.
struct StepReport {
  std::int64_t epoch;  ///< How many epochs are complete.
  std::int64_t step;   ///< Of this epoch, from 1.
  std::int64_t steps;  ///< In an epoch.
  double loss;         ///< The mean over this epoch's examples so far.
};

/// One epoch, just done.
struct EpochReport {
  std::int64_t epoch;    ///< From 1.
  double train_loss;     ///< The mean over all examples, each as it was when its batch was learned from.
  double test_accuracy;  ///< The share of test examples whose class was found, 0 to 1.
};

struct TrainerOptions {
  std::string save = {};                    ///< Where the checkpoint goes after every epoch; empty: nowhere.
  std::int64_t save_every = 0;              ///< Also after every so many steps of an epoch; 0: no.
  optim::LRScheduler* scheduler = nullptr;  ///< Goes on before a save, and is saved as "scheduler": after every epoch,
  bool scheduler_by_step = false;           ///< or after every step.
  std::function<void(const StepReport&)> on_step = {};    ///< An exception thrown here stops the run, after the step.
  std::function<void(const EpochReport&)> on_epoch = {};  ///< Called after the epoch's save.
};

/// The share of examples for which the model's largest output is the target's class; 0 for no examples. The model is
/// put into evaluation mode, without gradients, and then each of its modules into the mode it was in. Batches go to
/// `device`.
double accuracy(nn::Module& model, const Dataset& dataset, Device device = {}, std::int64_t batch_size = 256);

class Trainer : public Stateful {
 public:
  /// A classifier: the loss is cross entropy between model(inputs) [n, classes] and targets int64 [n]. All but the
  /// options must outlive the trainer. `device` of the loader's options is where the model lies. Throws ValueError for
  /// a `save_every` below 0, and for a scheduler that goes by a measure: ReduceLROnPlateau.
  Trainer(nn::Module& model, optim::Optimizer& optimizer, DataLoader& loader, const Dataset& test,
          TrainerOptions options = {});
  Trainer(const Trainer&) = delete;
  Trainer& operator=(const Trainer&) = delete;

  /// The whole run: "model", "optimizer", "data", "trainer", and whatever is added.
  Checkpoint& checkpoint() { return checkpoint_; }

  /// Trains until `epochs` epochs are complete, counted from the beginning of the run; leaves the model in training
  /// mode.
  void run(std::int64_t epochs);

  /// Every epoch so far, those of a resumed run included.
  const std::vector<EpochReport>& history() const { return history_; }

  /// {"loss_sum", "examples": of the epoch under way, "history": [{"epoch", "train_loss", "test_accuracy"}, ...]}
  Value state() const override;
  LoadPlan plan_load(const Value& state) override;

 private:
  void step(const Batch& batch);
  void finish_epoch();

  nn::Module& model_;
  optim::Optimizer& optimizer_;
  DataLoader& loader_;
  const Dataset& test_;
  TrainerOptions options_;
  Checkpoint checkpoint_;
  double loss_sum_ = 0;
  std::int64_t examples_ = 0;
  std::vector<EpochReport> history_;
};

}  // namespace cairn::train
