#include <cairn/train/trainer.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include <cairn/core/autograd.h>
#include <cairn/core/error.h>
#include <cairn/core/ops.h>
#include <cairn/optim/reduce_lr_on_plateau.h>

namespace cairn::train {

namespace {

/// Evaluation mode, until it goes out of scope.
class Evaluating {
 public:
  explicit Evaluating(nn::Module& model) {
    for (nn::Module* module : model.modules()) before_.emplace_back(module, module->training);
    model.eval();
  }
  ~Evaluating() {
    for (const auto& [module, training] : before_) module->training = training;
  }
  Evaluating(const Evaluating&) = delete;
  Evaluating& operator=(const Evaluating&) = delete;

 private:
  std::vector<std::pair<nn::Module*, bool>> before_;
};

}  // namespace

double accuracy(nn::Module& model, const Dataset& dataset, Device device, std::int64_t batch_size) {
  check<ValueError>(batch_size >= 1, "accuracy: batch_size is ", batch_size, ", but must be at least 1");
  if (dataset.size() == 0) return 0;
  const Evaluating evaluating(model);
  const NoGrad no_grad;
  std::vector<std::int64_t> indices(static_cast<std::size_t>(dataset.size()));
  std::iota(indices.begin(), indices.end(), 0);
  std::int64_t right = 0;
  for (std::span<const std::int64_t> rest = indices; !rest.empty();) {
    const std::size_t length = std::min(rest.size(), static_cast<std::size_t>(batch_size));
    const Batch batch = dataset.batch(rest.first(length));
    const Tensor found = argmax(model(batch.inputs.to(device)), 1).to(Device());
    const auto classes = found.data<std::int64_t>(), targets = batch.targets.data<std::int64_t>();
    for (std::size_t i = 0; i < length; ++i) right += classes[i] == targets[i];
    rest = rest.subspan(length);
  }
  return static_cast<double>(right) / static_cast<double>(dataset.size());
}

Trainer::Trainer(nn::Module& model, optim::Optimizer& optimizer, DataLoader& loader, const Dataset& test,
                 TrainerOptions options)
    : model_(model), optimizer_(optimizer), loader_(loader), test_(test), options_(std::move(options)) {
  check<ValueError>(options_.save_every >= 0, "Trainer: save_every is ", options_.save_every,
                    ", but must be 0 or more");
  check<ValueError>(dynamic_cast<optim::ReduceLROnPlateau*>(options_.scheduler) == nullptr,
                    "Trainer: ReduceLROnPlateau goes by a measure, and which one is not for the trainer to say; add it "
                    "to checkpoint(), step it in on_epoch, and save there");
  checkpoint_.add("model", model_);
  checkpoint_.add("optimizer", optimizer_);
  checkpoint_.add("data", loader_);
  checkpoint_.add("trainer", *this);
  if (options_.scheduler) checkpoint_.add("scheduler", *options_.scheduler);
}

void Trainer::run(std::int64_t epochs) {
  model_.train();
  while (loader_.epoch() < epochs) {
    while (const std::optional<Batch> batch = loader_.next()) {
      step(*batch);
      const std::int64_t done = loader_.step();
      const bool save = options_.save_every > 0 && done % options_.save_every == 0;
      if (save && !options_.save.empty()) checkpoint_.save(options_.save);
      if (options_.on_step) {
        options_.on_step({loader_.epoch(), done, loader_.size(), loss_sum_ / static_cast<double>(examples_)});
      }
    }
    finish_epoch();
  }
}

void Trainer::step(const Batch& batch) {
  optimizer_.zero_grad();
  const Tensor loss = cross_entropy(model_(batch.inputs), batch.targets);
  loss.backward();
  optimizer_.step();
  if (options_.scheduler && options_.scheduler_by_step) options_.scheduler->step();
  const std::int64_t count = batch.targets.size(0);
  loss_sum_ += loss.item() * static_cast<double>(count);
  examples_ += count;
}

void Trainer::finish_epoch() {
  const double train_loss = examples_ > 0 ? loss_sum_ / static_cast<double>(examples_) : 0;
  history_.push_back({loader_.epoch(), train_loss, accuracy(model_, test_, loader_.device())});
  loss_sum_ = 0;
  examples_ = 0;
  if (options_.scheduler && !options_.scheduler_by_step) options_.scheduler->step();
  if (!options_.save.empty()) checkpoint_.save(options_.save);
  if (options_.on_epoch) options_.on_epoch(history_.back());
}

Value Trainer::state() const {
  List history;
  for (const EpochReport& epoch : history_) {
    history.items.push_back(
        {{"epoch", epoch.epoch}, {"train_loss", epoch.train_loss}, {"test_accuracy", epoch.test_accuracy}});
  }
  return {{"loss_sum", loss_sum_}, {"examples", examples_}, {"history", std::move(history)}};
}

LoadPlan Trainer::plan_load(const Value& state) {
  std::vector<EpochReport> history;
  for (const Value& epoch : state.at("history").items()) {
    history.push_back(
        {epoch.at("epoch").as_int(), epoch.at("train_loss").as_float(), epoch.at("test_accuracy").as_float()});
  }
  LoadPlan plan;
  plan.then([this, loss_sum = state.at("loss_sum").as_float(), examples = state.at("examples").as_int(),
             history = std::move(history)]() mutable {
    loss_sum_ = loss_sum;
    examples_ = examples;
    history_ = std::move(history);
  });
  return plan;
}

}  // namespace cairn::train
