// Batches in random order, epoch by epoch, from any position exactly.
//
//   epoch 0:  randperm(n) = 4 0 3 | 1 5 2      epoch 1:  randperm(n) = 2 5 0 | ...
//                           batch 0 batch 1                            ▲ position: epoch 1, batch 0
//
// The order of an epoch is randperm(n) of the generator, which gives nothing else; PyTorch's DataLoader draws a base
// seed for its workers from it first, so there the same generator gives another order.
//
// A loader knows where it is and how the order of this epoch was drawn, so that its state, saved at any step, brings
// back the very batches that would have followed. What is random in an example (transforms.h) follows from the option
// `seed`, the epoch and the step. So nothing depends on when a batch is made, and `prefetch` may make some ahead.
//
//   DataLoader loader(dataset, {.batch_size = 64, .shuffle = true, .generator = generator});
//   while (auto batch = loader.next()) { ... }       // one epoch; the next call begins the next one
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <cairn/core/random.h>
#include <cairn/core/stateful.h>
#include <cairn/train/dataset.h>

namespace cairn::train {

struct DataLoaderOptions {
  std::int64_t batch_size = 1;
  bool shuffle = false;
  bool drop_last = false;            ///< Leave out a last batch that is not full.
  Device device = {};                ///< Where the batches go.
  OptionalGenerator generator = {};  ///< What shuffles; left empty, the default generator.
  std::uint64_t seed = 0;            ///< What random transforms are drawn from, with epoch and step.
  std::int64_t prefetch = 0;         ///< Batches made ahead, on a thread that the loader then has.
};

class DataLoader : public Stateful {
 public:
  /// The dataset must outlive the loader. Throws ValueError for a batch size below 1, or a prefetch below 0.
  explicit DataLoader(const Dataset& dataset, const DataLoaderOptions& options = {});
  ~DataLoader() override;

  /// The next batch of this epoch; nothing at its end, and then the next call begins another epoch. Throws what making
  /// the batch or moving it to the device throws; the next call tries the same batch again.
  std::optional<Batch> next();

  std::int64_t size() const;                     ///< Batches in an epoch.
  std::int64_t epoch() const { return epoch_; }  ///< How many epochs are complete.
  std::int64_t step() const { return step_; }    ///< How many batches of this epoch have been given out.
  const Dataset& dataset() const { return *dataset_; }
  Device device() const { return options_.device; }  ///< Where the batches go.

  /// {"epoch", "step", "order": the generator as it was before it shuffled this epoch, or None between epochs,
  /// "generator": as it is now (None without shuffling), "size", "batch_size", "shuffle", "drop_last", "seed"}.
  Value state() const override;

  /// Throws StateDictError, naming every fault, for a state of a dataset of another size or of other options. The
  /// loader's generator goes on where the saved one was.
  LoadPlan plan_load(const Value& state) override;

 private:
  Tensor draw_order();
  Batch next_made();                    ///< On the device.
  Batch make(std::int64_t step) const;  ///< A batch of this epoch, on the CPU.

  const Dataset* dataset_;
  DataLoaderOptions options_;
  Generator generator_;
  std::int64_t epoch_ = 0;
  std::int64_t step_ = 0;
  Tensor order_;                                  // int64 [n], this epoch's; undefined between epochs
  Tensor order_state_;                            // the generator before it drew `order_`; undefined without shuffling
  std::unique_ptr<class Prefetcher> prefetcher_;  // makes the batches from `step_` on; null between epochs
};

}  // namespace cairn::train
