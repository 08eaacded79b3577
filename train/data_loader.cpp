// The order of an epoch is never saved: the generator's state from before it was drawn is, and brings it back.
#include <cairn/train/data_loader.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>

#include <cairn/core/error.h>
#include <cairn/train/derived_seed.h>
#include <cairn/train/prefetcher.h>

namespace cairn::train {

namespace {

/// Notes a fault unless the saved option is the present one.
void compare(std::string& faults, const Value& state, const char* key, const Value& present, const char* what) {
  const std::string saved = to_string(state.at(key)), here = to_string(present);
  if (saved != here) faults += text("\n\t", what, " is ", here, " here, but ", saved, " in the saved state");
}

/// The generator's saved state with its numbers at hand, checked.
Generator saved_generator(const Value& state) {
  Generator generator;
  generator.set_state(materialize(state.as_tensor()));
  return generator;
}

}  // namespace

DataLoader::DataLoader(const Dataset& dataset, const DataLoaderOptions& options)
    : dataset_(&dataset), options_(options), generator_(options.generator ? *options.generator : default_generator()) {
  check<ValueError>(options.batch_size >= 1, "DataLoader: batch_size is ", options.batch_size,
                    ", but must be at least 1");
  check<ValueError>(options.prefetch >= 0, "DataLoader: prefetch is ", options.prefetch, ", but must be 0 or more");
}

DataLoader::~DataLoader() = default;

std::int64_t DataLoader::size() const {
  const std::int64_t full = dataset_->size() / options_.batch_size;
  return full + (!options_.drop_last && dataset_->size() % options_.batch_size != 0 ? 1 : 0);
}

Tensor DataLoader::draw_order() {
  return options_.shuffle ? randperm(dataset_->size(), generator_) : arange(dataset_->size());
}

std::optional<Batch> DataLoader::next() {
  if (!order_.defined()) {
    Tensor before = options_.shuffle ? generator_.get_state() : Tensor();
    order_ = draw_order();
    order_state_ = std::move(before);
  }
  if (step_ == size()) {
    prefetcher_.reset();
    order_ = order_state_ = Tensor();
    step_ = 0;
    ++epoch_;
    return std::nullopt;
  }
  Batch batch = next_made();
  ++step_;
  return batch;
}

Batch DataLoader::next_made() {
  if (options_.prefetch > 0 && !prefetcher_) {
    prefetcher_ = std::make_unique<Prefetcher>([this](std::int64_t step) { return make(step); }, step_, size(),
                                               options_.prefetch);
  }
  try {
    Batch batch = prefetcher_ ? prefetcher_->next() : make(step_);
    if (!options_.device.is_cpu()) batch = {batch.inputs.to(options_.device), batch.targets.to(options_.device)};
    return batch;
  } catch (...) {
    prefetcher_.reset();  // which may have given this batch away: the next call makes it again
    throw;
  }
}

Batch DataLoader::make(std::int64_t step) const {
  const std::int64_t start = step * options_.batch_size;
  const std::int64_t length = std::min(options_.batch_size, dataset_->size() - start);
  const std::span<const std::int64_t> order = order_.data<std::int64_t>();
  return dataset_->sample(order.subspan(static_cast<std::size_t>(start), static_cast<std::size_t>(length)),
                          derived_seed(derived_seed(options_.seed, epoch_), step));
}

Value DataLoader::state() const {
  Dict state;
  state.set("epoch", epoch_);
  state.set("step", step_);
  state.set("order", order_state_.defined() ? Value(order_state_) : Value());
  state.set("generator", options_.shuffle ? Value(generator_.get_state()) : Value());
  state.set("size", dataset_->size());
  state.set("batch_size", options_.batch_size);
  state.set("shuffle", options_.shuffle);
  state.set("drop_last", options_.drop_last);
  state.set("seed", options_.seed);
  return state;
}

LoadPlan DataLoader::plan_load(const Value& state) {
  std::string faults;
  compare(faults, state, "size", dataset_->size(), "the number of examples");
  compare(faults, state, "batch_size", options_.batch_size, "batch_size");
  compare(faults, state, "shuffle", options_.shuffle, "shuffle");
  compare(faults, state, "drop_last", options_.drop_last, "drop_last");
  compare(faults, state, "seed", options_.seed, "seed");
  const std::int64_t epoch = state.at("epoch").as_int(), step = state.at("step").as_int();
  if (epoch < 0 || step < 0 || step > size()) {
    faults += text("\n\tthe position is epoch ", epoch, ", step ", step, ", but an epoch has ", size(), " steps");
  }
  if (!faults.empty()) throw StateDictError("DataLoader: the saved state does not fit:" + faults);

  Tensor order, order_state;
  if (options_.shuffle && (step > 0 || !state.at("order").is_none())) {
    Generator before = saved_generator(state.at("order"));
    order_state = before.get_state();
    order = randperm(dataset_->size(), before);
  } else if (step > 0) {
    order = arange(dataset_->size());
  }
  LoadPlan plan;
  if (options_.shuffle) plan.append(generator_.plan_load(state.at("generator")));
  plan.then([this, epoch, step, order = std::move(order), order_state = std::move(order_state)]() mutable {
    prefetcher_.reset();
    epoch_ = epoch;
    step_ = step;
    order_ = std::move(order);
    order_state_ = std::move(order_state);
  });
  return plan;
}

}  // namespace cairn::train
