// A small run of each kind of model with everything that can be random or remembered in it: dropout, shuffled and
// randomly shifted images, batches made ahead, Adam, a learning rate that changes at every step.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <cairn/core/ops.h>
#include <cairn/io/save.h>
#include <cairn/nn/dropout.h>
#include <cairn/nn/sequential.h>
#include <cairn/optim/adam.h>
#include <cairn/optim/cosine_annealing_lr.h>
#include <cairn/optim/one_cycle_lr.h>
#include <cairn/train/checkpoint.h>
#include <cairn/train/cnn.h>
#include <cairn/train/data_loader.h>
#include <cairn/train/drawn_digits.h>
#include <cairn/train/models.h>
#include <cairn/train/resnet18.h>
#include <cairn/train/transforms.h>

struct WholeRunOptions {
  std::string model = "mlp";
  std::string scheduler = "one cycle";
  std::int64_t prefetch = 2;
};

struct WholeRun {
  static constexpr std::int64_t batches = 5, epochs = 8, steps = batches * epochs;

  cairn::Generator generator;  // of weights and dropout; the loader has another
  std::shared_ptr<cairn::nn::Module> model;
  cairn::optim::Adam optimizer;
  std::unique_ptr<cairn::optim::LRScheduler> scheduler;
  cairn::train::TensorDataset digits = cairn::train::drawn_digits(8 * batches - 3, {.size = 8, .seed = 1});
  cairn::train::TransformedDataset shifted{digits, cairn::train::RandomCrop({8, 8}, {.padding = 1})};
  cairn::train::DataLoader loader;
  cairn::train::Checkpoint checkpoint;

  WholeRun(std::uint64_t seed, const WholeRunOptions& options)
      : generator(seed),
        model(make_model(options.model, generator)),
        optimizer(model->named_parameters(), {.lr = 0.01}),
        scheduler(make_scheduler(options.scheduler, optimizer)),
        loader(shifted, {.batch_size = 8,
                         .shuffle = true,
                         .generator = cairn::Generator(seed + 1),
                         .seed = 5,
                         .prefetch = options.prefetch}) {
    checkpoint.add("model", *model);
    checkpoint.add("optimizer", optimizer);
    checkpoint.add("scheduler", *scheduler);
    checkpoint.add("generator", generator);
    checkpoint.add("data", loader);
    checkpoint.values()["steps"] = done;
  }

  void step() {
    auto batch = loader.next();
    if (!batch) batch = loader.next();  // the first of the next epoch
    optimizer.zero_grad();
    cross_entropy((*model)(batch->inputs), batch->targets).backward();
    optimizer.step();
    scheduler->step();
    checkpoint.values()["steps"] = ++done;
  }
  void run_to(std::int64_t step_count) {
    while (done < step_count) step();
  }

  void resume(const cairn::Value& state, const cairn::CommitOptions& options = {}) {
    checkpoint.plan_load(state).commit(options);
    done = checkpoint.values().at("steps").as_int();
  }

  /// All bytes of everything, as a file holds them.
  std::string bytes() const {
    const cairn::Bytes saved = cairn::io::save_to_memory(checkpoint.state());
    return {reinterpret_cast<const char*>(saved.data.data()), saved.data.size()};
  }

  std::int64_t done = 0;

 private:
  static std::shared_ptr<cairn::nn::Module> make_model(const std::string& name, const cairn::Generator& generator) {
    using namespace cairn;
    if (name == "cnn")
      return nn::make<train::CNN>(
          train::CNNOptions{.height = 8, .width = 8, .filters = 2, .dropout = 0.5, .generator = generator});
    auto whole = nn::make<nn::Sequential>();
    whole->push_back(nn::make<nn::Dropout>(nn::DropoutOptions{.p = 0.2, .generator = generator}));
    if (name == "mlp")
      whole->push_back(nn::make<train::MLP>(train::MLPOptions{.hidden = 8, .generator = generator}));
    else
      whole->push_back(nn::make<train::ResNet18>(
          train::ResNet18Options{.channels = 1, .width = 2, .classes = 10, .generator = generator}));
    return whole;
  }

  static std::unique_ptr<cairn::optim::LRScheduler> make_scheduler(const std::string& name,
                                                                   cairn::optim::Optimizer& optimizer) {
    using namespace cairn::optim;
    if (name == "cosine") return std::make_unique<CosineAnnealingLR>(optimizer, steps);
    return std::make_unique<OneCycleLR>(optimizer, 0.02, OneCycleLROptions{.total_steps = steps + 1});
  }
};
