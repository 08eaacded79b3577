// Plans, and how they are carried out.
//
//   prepare (may fail, changes nothing)            fill
//   ───────────────────────────────────            ────
//   sources that lie in a target:    cloned        1. what later transfers overwrite in part, in walk order
//   lost and deferred:               verified      2. what was staged or lies in memory
//   up to `staging` bytes deferred:  read aside    3. streams
//   more:                            verified      4. assignments
#include <cairn/core/stateful.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include <cairn/core/autograd.h>
#include <cairn/core/destinations.h>
#include <cairn/core/tensor_impl.h>

namespace cairn {
namespace {

template <class T>
void append_moved(std::vector<T>& to, std::vector<T>& from) {
  if (to.empty())
    to.swap(from);
  else
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  from.clear();
}

/// The transfers of one source, by number.
struct Batch {
  TensorSource* source;
  std::vector<std::size_t> transfers;
  std::uint64_t bytes = 0;
};

/// One load being carried out.
class Commit {
 public:
  Commit(const std::vector<Transfer>& transfers, const CommitOptions& options, LoadReport& report)
      : transfers_(transfers), options_(options), report_(report), destinations_(transfers), ready_(transfers.size()) {}

  /// Everything that may fail without harm.
  void prepare() {
    const NoGrad no_grad;
    sort_out();
    for (const Batch& batch : lost_) verify(batch);
    for (const Batch& batch : aside_) read_aside(batch);
    for (const Batch& batch : streams_) verify(batch);
    for (std::size_t i = 0; i < transfers_.size(); ++i) {
      const Transfer& transfer = transfers_[i];
      if (!is_written(i) || transfer.from.is_deferred()) continue;
      ready_[i] = destinations_.may_overlap(transfer.from) ? transfer.from.clone() : transfer.from;
    }
    overwritten_.reserve(transfers_.size());  // so that filling takes no memory
    if (options_.progress && !options_.progress(done_, total_)) throw Cancelled("load: cancelled; nothing was changed");
  }

  void fill() {
    const NoGrad no_grad;
    for (const Fate fate : {Fate::partial, Fate::wins}) {
      for (std::size_t i = 0; i < transfers_.size(); ++i) {
        if (!ready_[i].defined() || destinations_.fate(i) != fate) continue;
        overwritten_.push_back(i);
        transfers_[i].to.copy_(ready_[i]);
        ready_[i] = Tensor();
      }
    }
    for (const Batch& batch : streams_) stream(batch);
  }

  /// Those a failed `fill` may have written to, in walk order.
  std::vector<std::string> overwritten() {
    std::sort(overwritten_.begin(), overwritten_.end());
    std::vector<std::string> names;
    for (std::size_t i : overwritten_) names.push_back(transfers_[i].name);
    return names;
  }

 private:
  bool is_written(std::size_t i) const {
    return transfers_[i].to.numel() > 0 && !transfers_[i].to.device().is_meta() && destinations_.fate(i) != Fate::lost;
  }

  /// Decides for every deferred transfer whether it is verified only, read aside or streamed; notes the ties.
  void sort_out() {
    std::uint64_t decoded = 0;
    for (std::size_t i = 0; i < transfers_.size(); ++i) {
      if (destinations_.fate(i) != Fate::wins) report_.ties.push_back(transfers_[i].name);
      if (transfers_[i].from.is_deferred() && is_written(i))
        decoded += static_cast<std::uint64_t>(transfers_[i].from.nbytes());
    }
    const bool all_aside = decoded <= options_.staging;
    for (std::size_t i = 0; i < transfers_.size(); ++i) {
      if (!transfers_[i].from.is_deferred() || transfers_[i].to.device().is_meta()) continue;
      const Fate fate = destinations_.fate(i);
      add(fate == Fate::lost ? lost_ : all_aside || fate == Fate::partial ? aside_ : streams_, i);
    }
    for (const Batch& batch : lost_) total_ += batch.bytes;
    for (const Batch& batch : aside_) total_ += batch.bytes;
    for (const Batch& batch : streams_) total_ += 2 * batch.bytes;  // verified, then read
  }

  void add(std::vector<Batch>& batches, std::size_t i) {
    TensorSource* const source = source_of(transfers_[i].from);
    auto batch =
        std::find_if(batches.begin(), batches.end(), [&](const Batch& known) { return known.source == source; });
    if (batch == batches.end()) batch = batches.insert(batch, Batch{source, {}});
    batch->transfers.push_back(i);
    batch->bytes += static_cast<std::uint64_t>(transfers_[i].from.nbytes());
  }

  /// The part of the whole work that one call to a source is, as the caller's progress.
  Progress part(const Batch& batch) {
    const std::uint64_t before = done_;
    done_ += batch.bytes;
    if (!options_.progress) return {};
    return [this, before, bytes = batch.bytes](std::uint64_t done, std::uint64_t total) {
      const double share = total > 0 ? std::min(1.0, static_cast<double>(done) / static_cast<double>(total)) : 1.0;
      return options_.progress(before + static_cast<std::uint64_t>(share * static_cast<double>(bytes)), total_);
    };
  }

  void verify(const Batch& batch) {
    std::vector<Tensor> deferred;
    for (std::size_t i : batch.transfers) deferred.push_back(transfers_[i].from);
    batch.source->verify(deferred, part(batch));
  }

  void read_aside(const Batch& batch) {
    std::vector<Transfer> staged;
    staged.reserve(batch.transfers.size());
    for (std::size_t i : batch.transfers) {
      const Tensor& from = transfers_[i].from;
      if (is_written(i)) ready_[i] = empty(from.shape(), {.dtype = from.dtype()});
      staged.push_back(
          {transfers_[i].name, from, is_written(i) ? ready_[i] : empty(from.shape(), {.dtype = from.dtype()})});
    }
    batch.source->read(staged, part(batch), nullptr);
  }

  void stream(const Batch& batch) {
    std::vector<Transfer> batch_transfers;
    std::set<Storage*> written;
    for (std::size_t i : batch.transfers) {
      batch_transfers.push_back(transfers_[i]);
      written.insert(transfers_[i].to.impl()->storage.get());
    }
    std::size_t touched = 0;
    const auto note = [&] {
      touched = std::min(touched, batch.transfers.size());
      overwritten_.insert(overwritten_.end(), batch.transfers.begin(),
                          batch.transfers.begin() + static_cast<std::ptrdiff_t>(touched));
      if (touched == 0) return;
      for (Storage* storage : written) storage->bump_version();  // a source writes memory, past copy_
    };
    try {
      batch.source->read(batch_transfers, part(batch), &touched);
    } catch (...) {
      note();
      throw;
    }
    touched = batch.transfers.size();
    note();
  }

  const std::vector<Transfer>& transfers_;
  const CommitOptions& options_;
  LoadReport& report_;
  Destinations destinations_;
  std::vector<Tensor> ready_;  // numbers in memory for transfer i, if they are not streamed
  std::vector<Batch> lost_, aside_, streams_;
  std::vector<std::size_t> overwritten_;
  std::uint64_t done_ = 0, total_ = 0;
};

[[noreturn]] void throw_partial(std::vector<std::string> overwritten, std::size_t count, const char* cause) {
  std::string names;
  constexpr std::size_t shown = 10;
  for (std::size_t i = 0; i < std::min(shown, overwritten.size()); ++i) names += (i ? ", " : "") + overwritten[i];
  if (overwritten.size() > shown) names += " and " + std::to_string(overwritten.size() - shown) + " more";
  std::string message = text("load: ", overwritten.size(), " of ", count,
                             " tensors had been overwritten when it failed: ", names, ". The failure: ", cause);
  throw PartialLoadError(std::move(message), std::move(overwritten));
}

}  // namespace

void LoadReport::append(LoadReport&& other) {
  append_moved(missing_keys, other.missing_keys);
  append_moved(unexpected_keys, other.unexpected_keys);
  append_moved(conversions, other.conversions);
  append_moved(skipped, other.skipped);
  append_moved(ties, other.ties);
  append_moved(warnings, other.warnings);
}

PartialLoadError::PartialLoadError(std::string message, std::vector<std::string> names)
    : Error(
          std::move(message),
          {.tensor = names.empty() ? "" : names.back(),
           .hint =
               "what was loaded into is neither old nor new; load again, or a larger `staging` makes the load atomic"}),
      overwritten(std::move(names)) {}

void LoadPlan::transfer(std::string name, Tensor from, Tensor to) {
  check<ValueError>(from.defined() && to.defined(), "transfer of '", name,
                    "': there is no tensor to read from or to write to");
  check<ShapeError>(from.shape() == to.shape(), "transfer of '", name, "': a source of shape ", Extents(from.shape()),
                    " does not fit a target of shape ", Extents(to.shape()));
  check<ValueError>(!to.is_deferred(), "transfer of '", name,
                    "': the target is deferred, it has no numbers to replace");
  check<ValueError>(to.device().is_meta() || !from.device().is_meta(), "Cannot copy out of meta tensor; no data!");
  if (from.dtype() != to.dtype()) {
    report_.conversions.push_back(text(name, ": ", cairn::name(from.dtype()), " -> ", cairn::name(to.dtype())));
  }
  transfers_.push_back({std::move(name), std::move(from), std::move(to)});
}

void LoadPlan::then(std::function<void()> assign) { assignments_.push_back(std::move(assign)); }

void LoadPlan::append(LoadPlan&& other) {
  check<ValueError>(!carried_out_ && !other.carried_out_, "append: a plan that was carried out can not be joined");
  append_moved(transfers_, other.transfers_);
  append_moved(assignments_, other.assignments_);
  report_.append(std::move(other.report_));
}

LoadReport LoadPlan::commit(const CommitOptions& options) {
  check<ValueError>(!carried_out_, "commit: this plan was carried out already; plan_load makes a new one");
  LoadReport report = report_;
  Commit commit(transfers_, options, report);
  commit.prepare();
  LoadReport kept = report;

  carried_out_ = true;
  try {
    commit.fill();
  } catch (const std::exception& error) {
    std::vector<std::string> overwritten = commit.overwritten();
    if (overwritten.empty()) {
      carried_out_ = false;
      throw;
    }
    throw_partial(std::move(overwritten), transfers_.size(), error.what());
  }
  std::string failure;
  for (const std::function<void()>& assign : assignments_) {
    try {
      assign();
    } catch (const std::exception& error) {
      if (failure.empty()) failure = error.what();
    }
  }
  if (!failure.empty()) throw_partial(commit.overwritten(), transfers_.size(), failure.c_str());
  transfers_.clear();
  assignments_.clear();
  report_ = std::move(kept);
  return report;
}

}  // namespace cairn
